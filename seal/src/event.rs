//! What is sealed of an event: every column of its row, as it is stored.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::Hash;
use crate::hash::LEAF;

/// The first byte of the encoding. Another encoding gets another one.
const ENCODING: u8 = 1;
/// 2000-01-01 in seconds since 1970: where PostgreSQL's clock begins.
const EPOCH: i64 = 946_684_800;
/// Where the position stands in the encoding: after the leaf's mark, the encoding's mark and the lane.
const POSITION_AT: usize = 6;

/// A row of the table `events`.
///
/// Its encoding is unambiguous: fields of fixed size as big-endian bytes, texts preceded by their length in bytes as eight big-endian
/// bytes, the absent causation as a zero byte and a present one as a one followed by it, all in the order of the fields here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The lane.
    pub lane: i32,
    /// The place within the lane, from 1.
    pub position: i64,
    /// The aggregate's type.
    pub aggregate_type: &'a str,
    /// The aggregate's id.
    pub aggregate_id: &'a str,
    /// The place within the stream, from 1.
    pub sequence: i64,
    /// The event's id.
    pub event_id: Uuid,
    /// The event's type.
    pub event_type: &'a str,
    /// The version of the event's shape.
    pub event_version: &'a str,
    /// The payload's text, letter for letter.
    pub payload: &'a str,
    /// The metadata's text, letter for letter.
    pub metadata: &'a str,
    /// Who acted.
    pub actor: &'a str,
    /// What it belongs to.
    pub correlation_id: Uuid,
    /// What caused it.
    pub causation_id: Option<Uuid>,
    /// When it was stored, in microseconds since 2000-01-01 UTC, as PostgreSQL keeps it.
    pub recorded_at: i64,
    /// When it happened, likewise.
    pub occurred_at: i64,
}

impl Event<'_> {
    /// The hash of the event as a leaf of its lane's tree. `buffer` is scratch space, to be used again for the next event.
    #[must_use]
    pub fn leaf(&self, buffer: &mut Vec<u8>) -> Hash {
        buffer.clear();
        buffer.push(LEAF);
        self.encode(buffer);
        Hash::of(buffer)
    }

    /// What the leaf would be if the event stood at `position`. `buffer` must be as [`Event::leaf`] left it.
    #[must_use]
    pub fn leaf_at(buffer: &mut [u8], position: i64) -> Hash {
        if let Some(place) = buffer.get_mut(POSITION_AT..POSITION_AT + 8) {
            place.copy_from_slice(&position.to_be_bytes());
        }
        Hash::of(buffer)
    }

    /// Appends the encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(ENCODING);
        out.extend(self.lane.to_be_bytes());
        out.extend(self.position.to_be_bytes());
        text(out, self.aggregate_type);
        text(out, self.aggregate_id);
        out.extend(self.sequence.to_be_bytes());
        out.extend(self.event_id.as_bytes());
        text(out, self.event_type);
        text(out, self.event_version);
        text(out, self.payload);
        text(out, self.metadata);
        text(out, self.actor);
        out.extend(self.correlation_id.as_bytes());
        match self.causation_id {
            None => out.push(0),
            Some(id) => {
                out.push(1);
                out.extend(id.as_bytes());
            }
        }
        out.extend(self.recorded_at.to_be_bytes());
        out.extend(self.occurred_at.to_be_bytes());
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_be_bytes());
    out.extend(text.as_bytes());
}

/// A stored time as one of ours; `None` when it lies outside of what can be told, as PostgreSQL's infinities do.
#[must_use]
pub fn time_of(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(EPOCH, 0)?.checked_add_signed(TimeDelta::microseconds(micros))
}

/// The reverse of [`time_of`].
#[must_use]
pub fn micros_of(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros().saturating_sub(EPOCH * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event<'static> {
        Event {
            lane: 3,
            position: 7,
            aggregate_type: "order",
            aggregate_id: "ord_1",
            sequence: 2,
            event_id: Uuid::from_u128(1),
            event_type: "OrderPlaced",
            event_version: "1.0",
            payload: r#"{"OrderPlaced":{"n":"\u0000"}}"#,
            metadata: r#"{"request_id":"r"}"#,
            actor: "usr_1",
            correlation_id: Uuid::from_u128(2),
            causation_id: None,
            recorded_at: 1,
            occurred_at: -1,
        }
    }

    /// Sealed logs depend on it: it never changes.
    #[test]
    fn the_encoding_is_fixed() {
        let mut buffer = Vec::new();
        event().encode(&mut buffer);
        assert_eq!(
            buffer[..26],
            *b"\x01\0\0\0\x03\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\x05order"
        );
        assert_eq!(
            buffer.len(),
            1 + 4 + 8 + 8 + 16 + 7 * 8 + 5 + 5 + 11 + 3 + 30 + 18 + 5 + 16 + 1 + 16
        );
        let mut leaf = Vec::new();
        assert_eq!(event().leaf(&mut leaf), Hash::leaf(&buffer));
        assert_eq!(event().leaf(&mut leaf).to_string(), FIXED);
    }

    /// Computed independently of this code.
    const FIXED: &str = "MGmmYtMOq4D2bBAvaLozE/i6yQ30ArJKaGgrZwL02p4=";

    #[test]
    fn every_field_counts_and_none_runs_into_the_next() {
        let base = event();
        let mut all = vec![base];
        all.push(Event { lane: 4, ..base });
        all.push(Event { position: 8, ..base });
        all.push(Event {
            aggregate_type: "orde",
            aggregate_id: "rord_1",
            ..base
        });
        all.push(Event {
            aggregate_id: "ord_2",
            ..base
        });
        all.push(Event { sequence: 3, ..base });
        all.push(Event {
            event_id: Uuid::from_u128(9),
            ..base
        });
        all.push(Event {
            event_type: "OrderPlaced1",
            event_version: ".0",
            ..base
        });
        all.push(Event {
            event_version: "1.1",
            ..base
        });
        all.push(Event {
            payload: r#"{"OrderPlaced": {"n":"\u0000"}}"#,
            ..base
        });
        all.push(Event { metadata: "{}", ..base });
        all.push(Event { actor: "usr_2", ..base });
        all.push(Event {
            correlation_id: Uuid::from_u128(9),
            ..base
        });
        all.push(Event {
            causation_id: Some(Uuid::nil()),
            ..base
        });
        all.push(Event { recorded_at: 2, ..base });
        all.push(Event { occurred_at: 0, ..base });
        let mut buffer = Vec::new();
        let leaves: std::collections::HashSet<Hash> = all.iter().map(|event| event.leaf(&mut buffer)).collect();
        assert_eq!(leaves.len(), all.len());
    }

    #[test]
    fn an_event_can_be_tried_at_another_position() {
        let mut buffer = Vec::new();
        let moved = Event {
            position: 99,
            ..event()
        }
        .leaf(&mut buffer);
        let _ = event().leaf(&mut buffer);
        assert_eq!(Event::leaf_at(&mut buffer, 99), moved);
    }

    #[test]
    fn times_go_there_and_back() {
        let time: DateTime<Utc> = "1999-12-31T23:59:59.999999Z".parse().unwrap();
        assert_eq!(micros_of(time), -1);
        assert_eq!(time_of(-1), Some(time));
        assert_eq!(time_of(i64::MAX), None);
        assert_eq!(time_of(i64::MIN), None);
    }
}
