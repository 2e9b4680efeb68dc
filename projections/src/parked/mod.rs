//! Parked events, as operators see and settle them.

mod list;
mod retry;
mod skip;

use chrono::{DateTime, Utc};
use rows::words;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::catalog;
use crate::cursor::lane_column;
use crate::error::Error;
use crate::parked_id::ParkedId;
use crate::projection::Projection;

pub use list::{Filter, ParkedKey, ParkedOrder, ParkedPlace, Start, parked};
pub use retry::{Retried, retry};
pub use skip::{Skip, Skipped, skip};

words! {
    /// What is the matter with an event.
    pub enum ParkedState {
        /// It cannot be applied; later events of its stream wait.
        Failed = "failed",
        /// It waits behind an earlier event of its stream.
        Waiting = "waiting",
        /// An operator took it out of the read model.
        Skipped = "skipped",
    }
}

/// An event that a read model does not show, because it could not be applied, waits, or was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedEvent {
    /// Which one, and of which read model.
    pub id: ParkedId,
    /// What is the matter with it.
    pub state: ParkedState,
    /// Type of its aggregate.
    pub aggregate_type: String,
    /// Its stream.
    pub aggregate_id: String,
    /// Its place in the stream.
    pub sequence: u64,
    /// Its own id.
    pub event_id: Uuid,
    /// Its type.
    pub event_type: String,
    /// Why it could not be applied; `None`: it waits and was not tried.
    pub error: Option<String>,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Since when.
    pub parked_at: DateTime<Utc>,
    /// When it was tried last.
    pub tried_at: DateTime<Utc>,
    /// Who skipped it, and why.
    pub skipped: Option<SkippedBy>,
}

/// Who skipped an event, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedBy {
    /// The actor.
    pub actor: String,
    /// In the operator's words.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A stream of which a read model has events parked.
struct Parking<'a> {
    projection: &'static dyn Projection,
    lane: u32,
    aggregate_type: &'a str,
    aggregate_id: &'a str,
}

/// The stream of a parked or skipped event; `None` when it is neither.
async fn stream_of(id: &ParkedId, connection: &mut PgConnection) -> Result<Option<(String, String)>, Error> {
    Ok(sqlx::query_as(
        "SELECT d.aggregate_type, d.aggregate_id
         FROM projection_dead_letter d JOIN projections p USING (name, version)
         WHERE d.name = $1 AND p.state = 'active' AND d.lane = $2 AND d.position = $3
         UNION
         SELECT aggregate_type, aggregate_id FROM projection_skip WHERE name = $1 AND lane = $2 AND position = $3",
    )
    .bind(&id.projection)
    .bind(lane_column(id.lane))
    .bind(crate::cursor::position_column(id.position))
    .fetch_optional(connection)
    .await?)
}

/// Holds the lane of the active version: until the transaction ends, no projector moves in it, no rebuild switches, and no other
/// operator settles anything in it. Returns the version.
async fn hold(projection: &dyn Projection, lane: u32, connection: &mut PgConnection) -> Result<i32, Error> {
    // A projector commits without waiting for the disk; what an operator did must not get lost.
    sqlx::query("SET LOCAL synchronous_commit = on")
        .execute(&mut *connection)
        .await?;
    loop {
        let held: Option<(i32, i32)> = sqlx::query_as(
            "SELECT p.version, p.code_version
             FROM projection_lease l JOIN projections p USING (name, version)
             WHERE l.name = $1 AND p.state = 'active' AND $2 BETWEEN l.first_lane AND l.last_lane
             FOR UPDATE OF l",
        )
        .bind(projection.name())
        .bind(lane_column(lane))
        .fetch_optional(&mut *connection)
        .await?;
        let Some((version, code_version)) = held else {
            // A rebuild switched while we waited, and its leases are others; or there never were any.
            let installed: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM projection_lease WHERE name = $1 AND $2 BETWEEN first_lane AND last_lane)",
            )
            .bind(projection.name())
            .bind(lane_column(lane))
            .fetch_one(&mut *connection)
            .await?;
            if installed {
                continue;
            }
            return Err(Error::NotInstalled {
                name: projection.name().to_owned(),
            });
        };
        if code_version != projection.code_version() {
            return Err(Error::OtherCode {
                name: projection.name().to_owned(),
            });
        }
        return Ok(version);
    }
}

/// The projection that the id names.
fn projection_of(id: &ParkedId) -> Result<&'static dyn Projection, Error> {
    catalog::find(&id.projection)
}
