//! How the projections stand.

use eventstore::Positions;
use rows::{Cell as _, words};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row as _};

use crate::catalog;
use crate::cursor::{self, from_columns};
use crate::error::Error;

words! {
    /// What a version is there for.
    pub enum State {
        /// A rebuild fills it.
        Building = "building",
        /// It serves reads.
        Active = "active",
    }
}

/// How a version of a projection stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// The projection.
    pub name: String,
    /// Counts its builds.
    pub version: i32,
    /// Of the code that the tables were built by.
    pub code_version: i32,
    /// What the version is there for.
    pub state: State,
    /// Events of the log that it has not come past yet.
    pub lag_events: i64,
    /// The age of the oldest of them, in seconds.
    pub lag_seconds: f64,
    /// Events per second, lately.
    pub rate: f64,
    /// Events that are set aside because they, or an earlier one of their stream, cannot be applied.
    pub parked: i64,
    /// Events that operators took out of the projection, whatever its version.
    pub skipped: i64,
    /// Whether the tables were built by another version of the code: they get no events until they are rebuilt.
    pub needs_rebuild: bool,
    /// How far a rebuild has come, when this is the version in the making.
    pub build: Option<Build>,
    /// How far it has come in each lane.
    pub positions: Positions,
}

/// How far a rebuild has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// `copy`, `index` or `catch_up`.
    pub phase: String,
    /// Whether somebody is at it. A rebuild that was cut off is continued by the next one.
    pub running: bool,
    /// Events of the log that it has come past.
    pub done_events: i64,
    /// Events in the log.
    pub total_events: i64,
}

/// How the active and building versions stand, by name and version.
pub async fn status(pool: &PgPool) -> Result<Vec<Status>, Error> {
    // With the settings of a batch: a plan that was made on an empty log would read all of it for every lane.
    let mut tx = cursor::begin(pool).await?;
    let rows = sqlx::query(
        "SELECT p.name, p.version, p.code_version, p.state, lag.events::bigint, lag.seconds::double precision,
                coalesce((SELECT sum(rate) FROM projection_lease l
                          WHERE l.name = p.name AND l.version = p.version
                              AND l.owner IS NOT NULL
                              AND l.lease_until BETWEEN clock_timestamp() AND clock_timestamp() + interval '10 minutes'), 0),
                (SELECT count(*) FROM projection_dead_letter d WHERE d.name = p.name AND d.version = p.version),
                (SELECT count(*) FROM projection_skip s WHERE s.name = p.name),
                p.phase,
                EXISTS (SELECT FROM projection_rebuild r
                        WHERE r.name = p.name AND r.owner = p.builder
                            AND r.lease_until BETWEEN clock_timestamp() AND clock_timestamp() + interval '10 minutes'),
                lag.heads::bigint, lag.lanes, lag.positions
         FROM projections p
         CROSS JOIN LATERAL (
             SELECT coalesce(sum(greatest(l.head - c.position, 0)), 0) AS events, coalesce(sum(l.head), 0) AS heads,
                    coalesce(extract(epoch FROM clock_timestamp() - min(oldest.recorded_at)), 0) AS seconds,
                    coalesce(array_agg(c.lane ORDER BY c.lane), '{}') AS lanes,
                    coalesce(array_agg(c.position ORDER BY c.lane), '{}') AS positions
             FROM projection_cursor c
             JOIN lanes l ON l.lane = c.lane
             LEFT JOIN LATERAL (
                 SELECT e.recorded_at FROM events e
                 WHERE l.head > c.position AND e.lane = c.lane AND e.position > c.position
                 ORDER BY e.position LIMIT 1) oldest ON true
             WHERE c.name = p.name AND c.version = p.version) lag
         WHERE p.state <> 'retired'
         ORDER BY p.name, p.version",
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.rollback().await?;
    Ok(rows.iter().map(from_row).collect::<Result<_, _>>()?)
}

fn from_row(row: &PgRow) -> Result<Status, sqlx::Error> {
    let name: String = row.try_get(0)?;
    let code_version: i32 = row.try_get(2)?;
    let state = State::get(row, 3)?;
    let lag_events: i64 = row.try_get(4)?;
    let total_events: i64 = row.try_get(11)?;
    let build = (state == State::Building).then_some(Build {
        phase: row.try_get(9)?,
        running: row.try_get(10)?,
        done_events: total_events - lag_events,
        total_events,
    });
    let (lanes, positions): (Vec<i32>, Vec<i64>) = (row.try_get(12)?, row.try_get(13)?);
    Ok(Status {
        version: row.try_get(1)?,
        code_version,
        state,
        lag_events,
        lag_seconds: row.try_get::<f64, _>(5)?.max(0.0),
        rate: row.try_get(6)?,
        parked: row.try_get(7)?,
        skipped: row.try_get(8)?,
        needs_rebuild: catalog::find(&name).is_ok_and(|projection| projection.code_version() != code_version),
        build,
        positions: lanes
            .into_iter()
            .zip(positions)
            .map(|(lane, position)| from_columns(lane, position))
            .collect(),
        name,
    })
}

/// Whether every active version has come at least to `positions`.
pub async fn caught_up(pool: &PgPool, positions: &Positions) -> Result<bool, Error> {
    Ok(behind(pool, positions).await?.is_empty())
}

/// The read models whose active version has not come to `positions` yet, and how far they are: what an import waits for before it says
/// that it is done.
pub async fn behind(pool: &PgPool, positions: &Positions) -> Result<Vec<(String, Positions)>, Error> {
    let active = status(pool).await?;
    Ok(active
        .into_iter()
        .filter(|status| status.state == State::Active && !status.positions.reached(positions))
        .map(|status| (status.name, status.positions))
        .collect())
}
