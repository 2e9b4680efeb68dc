//! Events that nobody can read, and streams that go on without them.
//!
//! Such an event was not written by this store, or by a release that knew more. Every write to its stream is refused until a release reads
//! it, or an operator says that it must not count.

use registry::Registered;
use sqlx::Row;
use uuid::Uuid;

use crate::{Error, Store};

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
