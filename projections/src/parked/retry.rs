//! Applying parked events again, after what was wrong is mended.

use eventstore::{Log, Recorded};
use metrics::counter;
use sqlx::{PgConnection, PgPool};

use super::{Parking, hold, projection_of, stream_of};
use crate::batch::BatchError;
use crate::cursor::{self, from_columns, lane_column, position_column};
use crate::dead_letter;
use crate::error::Error;
use crate::parked_id::ParkedId;

/// Events of one transaction at first; fewer once one of them turned out to be poison.
const CHUNK: usize = 200;
/// How often a chunk is tried that another transaction was in the way of.
const TRIES: usize = 10;

/// What a retry brought about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retried {
    /// Type of the stream's aggregate.
    pub aggregate_type: String,
    /// The stream.
    pub aggregate_id: String,
    /// Events that the read model shows now.
    pub applied: u64,
    /// Events that are still parked.
    pub left: u64,
    /// Why the first of them still cannot be applied.
    pub error: Option<String>,
}

/// Applies the parked events of the stream of `id` again, in their order, until one cannot be applied: then that and those behind
/// it stay parked. An event is applied and taken out of the parking in one transaction, which holds the lane against projectors and
/// other operators, so each counts once whoever else is at work. An event that was applied meanwhile or skipped is no error.
///
/// # Errors
/// [`Error::NotParked`] when the event is not there or was never parked.
pub async fn retry(pool: &PgPool, log: &Log, id: &ParkedId) -> Result<Retried, Error> {
    let projection = projection_of(id)?;
    let mut connection = pool.acquire().await?;
    let stream = match stream_of(id, &mut connection).await? {
        Some(stream) => stream,
        None => applied_stream(id, &mut connection).await?,
    };
    drop(connection);
    let parking = Parking {
        projection,
        lane: id.lane,
        aggregate_type: &stream.0,
        aggregate_id: &stream.1,
    };
    let retried = resume(pool, log, &parking).await?;
    tracing::info!(
        projection = projection.name(),
        aggregate_id = retried.aggregate_id,
        applied = retried.applied,
        left = retried.left,
        reason = retried.error,
        "parked events were tried again"
    );
    Ok(retried)
}

/// The stream of an event that the read model shows: it was applied meanwhile.
async fn applied_stream(id: &ParkedId, connection: &mut PgConnection) -> Result<(String, String), Error> {
    let stream: Option<(String, String)> = sqlx::query_as(
        "SELECT e.aggregate_type, e.aggregate_id
         FROM projections p
         JOIN projection_cursor c USING (name, version)
         JOIN events e ON e.lane = c.lane AND e.position = $3
         WHERE p.name = $1 AND p.state = 'active' AND c.lane = $2 AND c.position >= $3",
    )
    .bind(&id.projection)
    .bind(lane_column(id.lane))
    .bind(position_column(id.position))
    .fetch_optional(connection)
    .await?;
    stream.ok_or_else(|| Error::NotParked { id: id.clone() })
}

/// Goes through the parked events of a stream until there are none or one cannot be applied.
pub(super) async fn resume(pool: &PgPool, log: &Log, parking: &Parking<'_>) -> Result<Retried, Error> {
    let mut retried = Retried {
        aggregate_type: parking.aggregate_type.to_owned(),
        aggregate_id: parking.aggregate_id.to_owned(),
        applied: 0,
        left: 0,
        error: None,
    };
    let (mut chunk, mut tries) = (CHUNK, 0);
    loop {
        match step(pool, log, parking, chunk).await {
            Ok(Step::Done) => break,
            Ok(Step::Moved) => {}
            Ok(Step::Applied(events)) => {
                retried.applied += events;
                tries = 0;
            }
            Ok(Step::Poison { .. }) if chunk > 1 => chunk /= 2,
            Ok(Step::Poison { reason }) => {
                retried.left = still_failing(pool, parking, &reason).await?;
                retried.error = Some(reason);
                break;
            }
            // Sums that other lanes add to as well: two transactions can be in each other's way.
            Err(Error::Database(error)) if in_the_way(&error) && tries < TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
    counter!("projection_unparked_total", "projection" => parking.projection.name()).increment(retried.applied);
    Ok(retried)
}

enum Step {
    Done,
    /// Others settled some of them meanwhile.
    Moved,
    Applied(u64),
    Poison {
        reason: String,
    },
}

/// One transaction: the first events of the stream that are parked.
async fn step(pool: &PgPool, log: &Log, parking: &Parking<'_>, chunk: usize) -> Result<Step, Error> {
    let projection = parking.projection;
    // Read beforehand: a transaction that holds a lane must not wait for a second connection.
    let events = log.at(&active_parked(pool, parking, chunk).await?).await?;
    let mut tx = cursor::begin(pool).await?;
    let version = hold(projection, parking.lane, &mut tx).await?;
    let places = first_parked(version, parking, chunk.min(events.len()).max(1), &mut tx).await?;
    if places.is_empty() {
        return Ok(Step::Done);
    }
    let read: Vec<(u32, u64)> = events.iter().map(|event| (event.lane, event.position)).collect();
    if read != places {
        return Ok(Step::Moved);
    }
    let wanted: Vec<&Recorded> = events
        .iter()
        .filter(|event| projection.wants(&event.aggregate_type))
        .collect();
    if let Err(error) = projection.apply(version, &wanted, &mut tx).await {
        return match BatchError::from(error) {
            BatchError::Poison { reason, .. } => Ok(Step::Poison { reason }),
            BatchError::Failed(error) => Err(error.into()),
            BatchError::LeaseLost => Err(Error::NotInstalled {
                name: projection.name().to_owned(),
            }),
        };
    }
    dead_letter::remove(projection.name(), version, &places, &mut tx).await?;
    match tx.commit().await {
        Ok(()) => Ok(Step::Applied(u64::try_from(places.len()).unwrap_or(u64::MAX))),
        Err(error) => Err(error.into()),
    }
}

/// Where the first parked events of the stream are, without holding them.
async fn active_parked(pool: &PgPool, parking: &Parking<'_>, most: usize) -> Result<Vec<(u32, u64)>, Error> {
    let mut connection = pool.acquire().await?;
    let version: Option<i32> =
        sqlx::query_scalar("SELECT version FROM projections WHERE name = $1 AND state = 'active'")
            .bind(parking.projection.name())
            .fetch_optional(&mut *connection)
            .await?;
    match version {
        Some(version) => first_parked(version, parking, most, &mut connection).await,
        None => Ok(Vec::new()),
    }
}

async fn first_parked(
    version: i32,
    parking: &Parking<'_>,
    most: usize,
    connection: &mut PgConnection,
) -> Result<Vec<(u32, u64)>, Error> {
    let rows: Vec<(i32, i64)> = sqlx::query_as(
        "SELECT lane, position FROM projection_dead_letter
         WHERE name = $1 AND version = $2 AND aggregate_type = $3 AND aggregate_id = $4
         ORDER BY lane, position LIMIT $5",
    )
    .bind(parking.projection.name())
    .bind(version)
    .bind(parking.aggregate_type)
    .bind(parking.aggregate_id)
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(lane, position)| from_columns(lane, position))
        .collect())
}

/// Notes why the first parked event of the stream was refused; returns how many are parked.
async fn still_failing(pool: &PgPool, parking: &Parking<'_>, reason: &str) -> Result<u64, Error> {
    let mut tx = cursor::begin(pool).await?;
    let version = hold(parking.projection, parking.lane, &mut tx).await?;
    let first = first_parked(version, parking, 1, &mut tx).await?;
    dead_letter::record_failure(parking.projection.name(), version, &first, reason, &mut tx).await?;
    let left: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM projection_dead_letter
         WHERE name = $1 AND version = $2 AND aggregate_type = $3 AND aggregate_id = $4",
    )
    .bind(parking.projection.name())
    .bind(version)
    .bind(parking.aggregate_type)
    .bind(parking.aggregate_id)
    .fetch_one(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(left.unsigned_abs())
}

/// Whether PostgreSQL gave the transaction up for the sake of another one.
fn in_the_way(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("40")),
        _ => false,
    }
}
