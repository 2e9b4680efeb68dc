//! Taking an event out of a read model for good.

use chrono::{DateTime, Utc};
use eventstore::Log;
use metrics::counter;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{Parking, Retried, hold, projection_of, retry, stream_of};
use crate::cursor::{self, lane_column, position_column};
use crate::error::Error;
use crate::parked_id::ParkedId;

/// Who skips an event, and why.
#[derive(Clone, Copy, Debug)]
pub struct Skip<'a> {
    /// The actor, as in the metadata of events.
    pub actor: &'a str,
    /// In the operator's words; not empty.
    pub reason: &'a str,
}

/// What a skip brought about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Id of the event.
    pub event_id: Uuid,
    /// Why it could not be applied.
    pub error: String,
    /// Who skipped it: somebody else, when it had been skipped before.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What became of the events that waited behind it.
    pub rest: Retried,
}

type Record = (Uuid, String, String, String, DateTime<Utc>);

/// Takes the event out of the read model, for this and all later versions of it, and goes on with those that wait behind it. Skipping
/// what was skipped before changes nothing.
///
/// # Errors
/// [`Error::NotParked`] when the event is not parked, [`Error::Waits`] when it only waits behind an earlier event of its stream: it
/// may well be applied once that is settled.
pub async fn skip(pool: &PgPool, log: &Log, id: &ParkedId, by: Skip<'_>) -> Result<Skipped, Error> {
    let projection = projection_of(id)?;
    let mut tx = cursor::begin(pool).await?;
    let version = hold(projection, id.lane, &mut tx).await?;
    let Some(stream) = stream_of(id, &mut tx).await? else {
        return Err(Error::NotParked { id: id.clone() });
    };
    let (fresh, record) = match recorded(id, &mut tx).await? {
        Some(record) => (false, record),
        None => (true, take_out(id, version, by, &mut tx).await?),
    };
    // States of the past may hold what is now left out.
    sqlx::query("DELETE FROM history_snapshots WHERE aggregate_type = $1 AND aggregate_id = $2 AND lane = $3")
        .bind(&stream.0)
        .bind(&stream.1)
        .bind(lane_column(id.lane))
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    let (event_id, error, actor, reason, at) = record;
    if fresh {
        counter!("projection_skipped_total", "projection" => projection.name()).increment(1);
        tracing::warn!(
            projection = projection.name(),
            lane = id.lane,
            position = id.position,
            %event_id,
            aggregate_id = stream.1,
            error,
            actor,
            reason,
            "a parked event was skipped: the read model does not show it"
        );
    }
    let parking = Parking {
        projection,
        lane: id.lane,
        aggregate_type: &stream.0,
        aggregate_id: &stream.1,
    };
    Ok(Skipped {
        event_id,
        error,
        actor,
        reason,
        at,
        rest: retry::resume(pool, log, &parking).await?,
    })
}

async fn recorded(id: &ParkedId, connection: &mut PgConnection) -> Result<Option<Record>, Error> {
    Ok(sqlx::query_as(
        "SELECT event_id, error, skipped_by, reason, skipped_at FROM projection_skip
         WHERE name = $1 AND lane = $2 AND position = $3",
    )
    .bind(&id.projection)
    .bind(lane_column(id.lane))
    .bind(position_column(id.position))
    .fetch_optional(connection)
    .await?)
}

async fn take_out(id: &ParkedId, version: i32, by: Skip<'_>, connection: &mut PgConnection) -> Result<Record, Error> {
    let record: Option<Record> = sqlx::query_as(
        "WITH parked AS (
             DELETE FROM projection_dead_letter d
             WHERE d.name = $1 AND d.version = $2 AND d.lane = $3 AND d.position = $4 AND d.error IS NOT NULL
             RETURNING d.*)
         INSERT INTO projection_skip
             (name, lane, position, aggregate_type, aggregate_id, event_id, error, attempts, parked_at, skipped_by, reason, skipped_at)
         SELECT name, lane, position, aggregate_type, aggregate_id, event_id, error, attempts, parked_at, $5, $6, clock_timestamp()
         FROM parked
         RETURNING event_id, error, skipped_by, reason, skipped_at",
    )
    .bind(&id.projection)
    .bind(version)
    .bind(lane_column(id.lane))
    .bind(position_column(id.position))
    .bind(by.actor)
    .bind(by.reason)
    .fetch_optional(connection)
    .await?;
    record.ok_or_else(|| Error::Waits { id: id.clone() })
}
