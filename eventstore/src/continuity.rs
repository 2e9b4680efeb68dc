//! Whether the database still holds the log that this process knows.

use std::sync::Arc;

use sqlx::{PgConnection, Row};

use crate::tail::Tail;
use crate::{Error, MissingEvent};

/// What this process has seen of the log. A database that holds an older state of it was restored while the process ran, or is a standby
/// that took over without the newest commits: what the process has in memory would be taken for what is there.
#[derive(Clone, Debug)]
pub struct Continuity {
    pub(crate) tail: Arc<Tail>,
}

impl Continuity {
    /// Compares the log behind a connection with what this process has seen of it: of every lane the newest event.
    ///
    /// # Errors
    /// [`Error::MissingEvent`] when one of them is not there; from then on for ever. [`Error::Database`] when it cannot be found out.
    pub async fn check(&self, connection: &mut PgConnection) -> Result<(), Error> {
        if let Some(missing) = self.tail.missing_event() {
            return Err(Error::MissingEvent(missing));
        }
        // Before the question: what is seen meanwhile may be too new for its answer.
        let known = self.tail.known();
        if known.is_empty() {
            return Ok(());
        }
        let missing = sqlx::query(
            "SELECT in_lane, at_position FROM unnest($1::integer[], $2::bigint[], $3::uuid[]) AS known (in_lane, at_position, id)
             WHERE NOT EXISTS (SELECT FROM events WHERE lane = in_lane AND position = at_position AND (id IS NULL OR event_id = id))
             LIMIT 1",
        )
        .bind(known.iter().map(|known| known.lane.cast_signed()).collect::<Vec<_>>())
        .bind(known.iter().map(|known| known.position.cast_signed()).collect::<Vec<_>>())
        .bind(known.iter().map(|known| known.event_id).collect::<Vec<_>>())
        .fetch_optional(connection)
        .await?;
        let Some(missing) = missing else { return Ok(()) };
        let missing = MissingEvent {
            lane: missing.try_get::<i32, _>("in_lane")?.cast_unsigned(),
            position: missing.try_get::<i64, _>("at_position")?.cast_unsigned(),
        };
        self.tail.record_missing(missing);
        Err(Error::MissingEvent(missing))
    }

    /// Returns when an event turns out to be lost. The process should end then: nothing in its memory can be relied on.
    pub async fn broken(&self) -> MissingEvent {
        self.tail.until_missing().await
    }
}
