//! States from the tables: the nearest snapshot, and the events after it.

use std::sync::atomic::Ordering;

use eventstore::Recorded;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::folding::{Folding, State};
use super::{EVERY, History};
use crate::cursor::{lane_column, position_column};
use crate::rebuild::EventReader;

/// Events read at once.
const CHUNK: i64 = 2_048;

/// A stream to fold.
#[derive(Clone, Copy)]
pub(super) struct StreamRef<'a> {
    pub(super) aggregate_type: &'a str,
    pub(super) aggregate_id: &'a str,
    pub(super) lane: u32,
    pub(super) folding: &'static dyn Folding,
}

/// A snapshot to leave behind.
struct Mark {
    sequence: u64,
    event_id: Uuid,
    state: String,
}

/// What is read of an event.
pub(super) const EVENT: &str = "e.lane, e.position, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, \
                                e.event_version, e.payload::text AS payload, e.occurred_at, e.event_id";

/// What the read model that `projection` names made of the event `e`: [`PARKED`], [`SKIPPED`], or NULL. Without it a fold would show what
/// was never served.
pub(super) fn fate(projection: &str) -> String {
    format!(
        "CASE WHEN EXISTS (SELECT FROM projection_skip s
                 WHERE s.name = {projection} AND s.lane = e.lane AND s.position = e.position) THEN '{SKIPPED}'
              WHEN EXISTS (SELECT FROM projection_dead_letter d JOIN projections p USING (name, version)
                 WHERE d.name = {projection} AND p.state = 'active' AND d.lane = e.lane AND d.position = e.position) THEN '{PARKED}'
         END AS fate"
    )
}

/// It stays out, and what comes after it does not.
pub(super) const SKIPPED: &str = "skipped";
/// It and what comes after it in its stream waits.
pub(super) const PARKED: &str = "parked";

impl History {
    /// The last sequence of the stream until this position of its lane, and its last one to this day.
    pub(super) async fn sequence_at(&self, stream: &StreamRef<'_>, position: u64) -> Result<(u64, u64), sqlx::Error> {
        let (at, last): (i64, i64) =
            sqlx::query_as("SELECT at_sequence, last_sequence FROM stream_sequence_at($1, $2, $3, $4)")
                .bind(stream.aggregate_type)
                .bind(stream.aggregate_id)
                .bind(lane_column(stream.lane))
                .bind(position_column(position))
                .fetch_one(&self.pool)
                .await?;
        Ok((at.unsigned_abs(), last.unsigned_abs()))
    }

    /// The state after the event `until`. A stream whose events cannot be read any further stays where the read model stopped too.
    pub(super) async fn state_at(&self, stream: &StreamRef<'_>, until: u64) -> Result<Box<dyn State>, sqlx::Error> {
        let (mut state, mut at) = self.nearest(stream, until).await?;
        let mut reader = EventReader::default();
        while at < until {
            let rows = sqlx::query(&format!(
                "SELECT {EVENT}, {} FROM events e
                 WHERE e.aggregate_type = $1 AND e.aggregate_id = $2 AND e.lane = $3 AND e.sequence > $4 AND e.sequence <= $5
                 ORDER BY e.sequence LIMIT $6",
                fate("$7")
            ))
            .bind(stream.aggregate_type)
            .bind(stream.aggregate_id)
            .bind(lane_column(stream.lane))
            .bind(position_column(at))
            .bind(position_column(until))
            .bind(CHUNK)
            .bind(stream.folding.projection())
            .fetch_all(&self.pool)
            .await?;
            if rows.is_empty() {
                break;
            }
            let mut marks = Vec::new();
            for row in &rows {
                let event = self.event(&mut reader, row)?;
                let fate: Option<&str> = row.try_get("fate")?;
                if fate != Some(SKIPPED) && (fate == Some(PARKED) || state.fold(&event).is_err()) {
                    self.leave(stream, marks).await;
                    return Ok(state);
                }
                at = event.sequence;
                if at.is_multiple_of(EVERY)
                    && let Some(state) = state.snapshot()
                {
                    marks.push(Mark {
                        sequence: at,
                        event_id: row.try_get("event_id")?,
                        state,
                    });
                }
            }
            self.leave(stream, marks).await;
        }
        Ok(state)
    }

    pub(super) fn event(&self, reader: &mut EventReader, row: &PgRow) -> Result<Recorded, sqlx::Error> {
        self.folded.fetch_add(1, Ordering::Relaxed);
        reader.read(row)
    }

    /// The newest usable snapshot until `until`, or the start.
    async fn nearest(&self, stream: &StreamRef<'_>, until: u64) -> Result<(Box<dyn State>, u64), sqlx::Error> {
        if until >= EVERY {
            let row: Option<(i64, String)> = sqlx::query_as(&format!(
                "SELECT s.sequence, s.state FROM history_snapshots s
                 WHERE s.aggregate_type = $1 AND s.aggregate_id = $2 AND s.lane = $3 AND s.fold = $4 AND s.sequence <= $5
                     AND {USABLE}
                 ORDER BY s.sequence DESC LIMIT 1"
            ))
            .bind(stream.aggregate_type)
            .bind(stream.aggregate_id)
            .bind(lane_column(stream.lane))
            .bind(stream.folding.version())
            .bind(position_column(until))
            .fetch_optional(&self.pool)
            .await?;
            if let Some((sequence, state)) = row
                && let Some(state) = stream.folding.restore(&state)
            {
                return Ok((state, sequence.unsigned_abs()));
            }
        }
        Ok((stream.folding.start(), 0))
    }

    /// Stores snapshots. A failure makes the next read fold more events, nothing else.
    async fn leave(&self, stream: &StreamRef<'_>, marks: Vec<Mark>) {
        if marks.is_empty() {
            return;
        }
        let stored = sqlx::query(
            "INSERT INTO history_snapshots (aggregate_type, aggregate_id, lane, fold, sequence, event_id, state)
             SELECT $1, $2, $3, $4, m.sequence, m.event_id, m.state
             FROM unnest($5::bigint[], $6::uuid[], $7::text[]) AS m (sequence, event_id, state)
             ON CONFLICT (aggregate_type, aggregate_id, fold, sequence, lane) DO UPDATE
             SET event_id = excluded.event_id, state = excluded.state
             WHERE history_snapshots.event_id <> excluded.event_id",
        )
        .bind(stream.aggregate_type)
        .bind(stream.aggregate_id)
        .bind(lane_column(stream.lane))
        .bind(stream.folding.version())
        .bind(
            marks
                .iter()
                .map(|mark| position_column(mark.sequence))
                .collect::<Vec<_>>(),
        )
        .bind(marks.iter().map(|mark| mark.event_id).collect::<Vec<_>>())
        .bind(marks.into_iter().map(|mark| mark.state).collect::<Vec<_>>())
        .execute(&self.pool)
        .await;
        if let Err(error) = stored {
            tracing::warn!(%error, "states of the past were not kept; the next look into it takes longer");
        }
    }
}

/// Whether the snapshot `s` is of the log as it is: another log may have been restored under it.
pub(super) const USABLE: &str = "EXISTS (SELECT FROM events e WHERE e.aggregate_type = s.aggregate_type \
                                 AND e.aggregate_id = s.aggregate_id AND e.sequence = s.sequence AND e.lane = s.lane \
                                 AND e.event_id = s.event_id)";
