//! Events that nobody can read, and streams that go on without them.
//!
//! Such an event was not written by this store, or by a release that knew more. Every write to its stream is refused until a release reads
//! it, or an operator says that it must not count.

use std::collections::{HashMap, HashSet};

use registry::Registered;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::fold::Stream;
use crate::{Error, Store, StreamKey};

/// The first event of a stream that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its lane.
    pub lane: u32,
    /// Its position in the lane.
    pub position: u64,
    /// Its number in the stream.
    pub sequence: u64,
    /// Its id.
    pub event_id: Uuid,
    /// Its type.
    pub event_type: String,
    /// Why it cannot be read, without anything of its content.
    pub error: String,
}

/// By stream, the numbers of the events to pass over.
pub(crate) type Skips = HashMap<StreamKey, HashSet<u64>>;

/// What is to be passed over in streams that cannot be read otherwise.
pub(crate) async fn skips(db: &mut PgConnection, streams: &[&Stream]) -> Result<Skips, sqlx::Error> {
    let types: Vec<&str> = streams.iter().map(|stream| &*stream.key.aggregate_type).collect();
    let ids: Vec<&str> = streams.iter().map(|stream| &*stream.key.aggregate_id).collect();
    let lanes: Vec<i32> = streams.iter().map(|stream| stream.lane.cast_signed()).collect();
    let rows = sqlx::query(
        "SELECT s.aggregate_type, s.aggregate_id, s.sequence
         FROM unnest($1::text[], $2::text[], $3::integer[]) AS a (type, id, lane)
         JOIN stream_skip s ON s.aggregate_type = a.type AND s.aggregate_id = a.id AND s.lane = a.lane",
    )
    .bind(types)
    .bind(ids)
    .bind(lanes)
    .fetch_all(db)
    .await?;
    let mut skips = Skips::new();
    for row in &rows {
        let (kind, id): (String, String) = (row.try_get("aggregate_type")?, row.try_get("aggregate_id")?);
        let sequence: i64 = row.try_get("sequence")?;
        skips
            .entry(StreamKey::new(kind, id))
            .or_default()
            .insert(sequence.cast_unsigned());
    }
    Ok(skips)
}

impl Store {
    /// The first event that keeps the stream from being read; `None`: it can be read.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is not an event that is in the way but a gap.
    pub async fn unreadable<A: Registered>(&self, id: &str) -> Result<Option<Unreadable>, Error> {
        let stream = self.stream::<A>(id).await?;
        let Some(error) = stream.broken else { return Ok(None) };
        let mut connection = self.pool().acquire().await?;
        let row = sqlx::query(
            "SELECT position, event_id, event_type FROM events
             WHERE aggregate_type = $1 AND aggregate_id = $2 AND lane = $3 AND sequence = $4",
        )
        .bind(&*stream.key.aggregate_type)
        .bind(&*stream.key.aggregate_id)
        .bind(stream.lane.cast_signed())
        .bind(stream.version.cast_signed() + 1)
        .fetch_optional(&mut *connection)
        .await?;
        let Some(row) = row else { return Err(error) };
        let reason = match &error {
            Error::Decode { source, .. } => source.to_string(),
            error => error.to_string(),
        };
        Ok(Some(Unreadable {
            lane: stream.lane,
            position: row.try_get::<i64, _>("position")?.cast_unsigned(),
            sequence: stream.version + 1,
            event_id: row.try_get("event_id")?,
            event_type: row.try_get("event_type")?,
            error: reason,
        }))
    }

    /// Takes an unreadable event out of its stream, for good: the writers pass over it. Harmless to repeat.
    pub async fn skip<A: Registered>(&self, id: &str, event: &Unreadable, by: &str, reason: &str) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO stream_skip (aggregate_type, aggregate_id, lane, sequence, event_id, error, skipped_by, reason)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        )
        .bind(A::TYPE)
        .bind(id)
        .bind(event.lane.cast_signed())
        .bind(event.sequence.cast_signed())
        .bind(event.event_id)
        .bind(&event.error)
        .bind(by)
        .bind(reason)
        .execute(self.pool())
        .await?;
        Ok(())
    }
}
