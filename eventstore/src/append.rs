//! The one statement that writes events.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::error::DatabaseError;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::fold::Stream;
use crate::{Positions, Recorded};

/// What a batch of decided commands is going to store.
#[derive(Default)]
pub(crate) struct Append {
    /// The lanes to lock, and how many events each gets.
    pub(crate) lanes: BTreeMap<u32, u64>,
    /// In the order of the commands. Until the append, `position` counts from the lane's head.
    pub(crate) events: Vec<Recorded>,
    /// Business times, where the commands gave any.
    pub(crate) occurred: Vec<Option<DateTime<Utc>>>,
    pub(crate) keys: Vec<KeyRecord>,
}

/// An idempotency record.
pub(crate) struct KeyRecord {
    pub(crate) lane: u32,
    pub(crate) scope: String,
    pub(crate) key: String,
    pub(crate) request_hash: Vec<u8>,
    pub(crate) outcome: String,
    pub(crate) versions: String,
}

/// Where the events of an append went.
pub(crate) struct Receipt {
    /// The head of each locked lane before the append.
    pub(crate) heads: Positions,
    pub(crate) recorded_at: DateTime<Utc>,
    /// What the clock said: earlier than `recorded_at` when it was set back.
    pub(crate) clock: DateTime<Utc>,
}

/// Why nothing was appended.
#[derive(Debug)]
pub(crate) enum AppendError {
    /// A stream or an idempotency key is not as it was thought to be.
    Contended,
    /// Anything else.
    Sql(sqlx::Error),
}

/// The SQLSTATEs for: a stream has moved on, an idempotency key is taken, serialization failure, deadlock, lock timeout. All of them go
/// away when the batch is decided again on what is stored.
const CONTENTION: [&str; 5] = ["ES001", "23505", "40001", "40P01", "55P03"];

impl From<sqlx::Error> for AppendError {
    fn from(error: sqlx::Error) -> Self {
        let contended = |code: &str| CONTENTION.contains(&code);
        match error.as_database_error().and_then(DatabaseError::code) {
            Some(code) if contended(&code) => Self::Contended,
            _ => Self::Sql(error),
        }
    }
}

impl Append {
    /// Whether there is nothing to store, so that only the versions remain to be checked.
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.keys.is_empty()
    }

    /// Checks `streams` and stores everything, in one round trip.
    pub(crate) async fn send(&mut self, db: &mut PgConnection, streams: &[Stream]) -> Result<Receipt, AppendError> {
        let streams: Vec<&Stream> = streams.iter().filter(|stream| stream.broken.is_none()).collect();
        // Records are inserted in one order everywhere: two writers with the same keys wait for each other, never in a circle.
        self.keys
            .sort_unstable_by(|a, b| (a.lane, &a.scope, &a.key).cmp(&(b.lane, &b.scope, &b.key)));
        let lanes: Vec<u32> = self.lanes.keys().copied().collect();
        let mut index_of_lane = vec![0_i32; lanes.last().map_or(0, |last| *last as usize + 1)];
        for (lane, index) in lanes.iter().zip(1..) {
            index_of_lane[*lane as usize] = index;
        }
        let counts: Vec<i64> = self.lanes.values().map(|count| count.cast_signed()).collect();
        let row = sqlx::query(
            "SELECT heads, at, clock FROM append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
             $20, $21, $22, $23, $24, $25, $26)",
        )
        .bind(column(&lanes, |lane| lane.cast_signed()))
        .bind(counts)
        .bind(column(&streams, |stream| &*stream.key.aggregate_type))
        .bind(column(&streams, |stream| &*stream.key.aggregate_id))
        .bind(column(&streams, |stream| stream.lane.cast_signed()))
        .bind(column(&streams, |stream| stream.base.cast_signed()))
        .bind(column(&self.keys, |key| key.lane.cast_signed()))
        .bind(column(&self.keys, |key| &*key.scope))
        .bind(column(&self.keys, |key| &*key.key))
        .bind(column(&self.keys, |key| &*key.request_hash))
        .bind(column(&self.keys, |key| &*key.outcome))
        .bind(column(&self.keys, |key| &*key.versions))
        .bind(column(&self.events, |event| &*event.aggregate_type))
        .bind(column(&self.events, |event| &*event.aggregate_id))
        .bind(column(&self.events, |event| event.sequence.cast_signed()))
        .bind(column(&self.events, |event| &*event.event_type))
        .bind(column(&self.events, |event| &*event.event_version))
        .bind(column(&self.events, |event| &*event.payload))
        .bind(column(&self.events, |event| &*event.metadata))
        .bind(column(&self.events, |event| index_of_lane[event.lane as usize]))
        .bind(column(&self.events, |event| event.position.cast_signed()))
        .bind(column(&self.events, |event| event.event_id))
        .bind(&self.occurred)
        .bind(column(&self.events, |event| &*event.actor))
        .bind(column(&self.events, |event| event.correlation_id))
        .bind(column(&self.events, |event| event.causation_id))
        .fetch_all(db) // to the very end: the commit is acknowledged after the row
        .await?
        .pop()
        .ok_or(sqlx::Error::RowNotFound)?;
        let heads: Option<Vec<i64>> = row.try_get("heads")?;
        let heads = lanes
            .into_iter()
            .zip(heads.into_iter().flatten().map(i64::cast_unsigned))
            .collect();
        Ok(Receipt {
            heads,
            recorded_at: row.try_get("at")?,
            clock: row.try_get("clock")?,
        })
    }

    /// The stored events, once the append has committed.
    pub(crate) fn into_stored(self, receipt: &Receipt) -> Vec<Recorded> {
        let Self {
            mut events, occurred, ..
        } = self;
        for (event, occurred) in events.iter_mut().zip(occurred) {
            event.position += receipt.heads.get(event.lane).unwrap_or_default();
            event.recorded_at = receipt.recorded_at;
            event.occurred_at = occurred.unwrap_or(receipt.clock);
        }
        events
    }
}

fn column<'a, R, C>(rows: &'a [R], cell: impl Fn(&'a R) -> C) -> Vec<C> {
    rows.iter().map(cell).collect()
}

/// The id of the `index`th event of a command.
pub(crate) fn event_id(command: Uuid, index: usize) -> Uuid {
    Uuid::new_v5(&command, &(index as u64).to_be_bytes())
}
