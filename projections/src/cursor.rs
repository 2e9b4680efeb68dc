//! How far a version has come. Whoever moves its cursors holds the locks of the leases for those lanes.

use eventstore::Positions;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use workers::Cursors;
pub(crate) use workers::{from_columns, lane_column, position_column};

use crate::lease::Held;

/// The cursors of all versions.
pub(crate) const CURSORS: Cursors = Cursors("projection_cursor");

/// Begins a transaction that projects. A commit need not wait for the disk: rows and cursors are lost together, and the log has both.
/// The statements of a batch reach rows by key only; the settings keep plans that were made on small tables from outliving that.
///
/// The settings alone leave a choice: to the statistics of an empty table, reading the whole of any index once is as cheap as one look
/// into the right one. So many rows are reached by `unnest(keys) CROSS JOIN LATERAL (SELECT ... WHERE key BETWEEN u.key AND u.key ORDER BY
/// key)`: a look of its own for each key, which only the index that begins with the key has in this order. (An equality would make the
/// order redundant.)
const BEGIN: &str = "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; \
                     SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_sort = off; SET LOCAL jit = off; \
                     SET LOCAL plan_cache_mode = force_generic_plan";

pub(crate) async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    workers::begin(pool, BEGIN).await
}

/// What the lock of leases shows.
pub(crate) struct Locked {
    /// The cursors of the lanes.
    pub(crate) positions: Positions,
    /// Whether any event of this version is parked.
    pub(crate) parked: bool,
}

/// Locks the leases and reads the cursors under them; `None` when a lease is lost.
pub(crate) async fn lock(
    name: &str,
    held: &Held,
    connection: &mut PgConnection,
) -> Result<Option<Locked>, sqlx::Error> {
    let rows: Vec<(i32, i64, bool)> = sqlx::query_as(
        "SELECT c.lane, c.position,
                EXISTS (SELECT FROM projection_dead_letter d WHERE d.name = $1 AND d.version = $2)
         FROM unnest($3::integer[], $4::bigint[]) AS held (first_lane, fence)
         JOIN projection_lease l
             ON l.name = $1 AND l.version = $2 AND l.first_lane = held.first_lane AND l.fence = held.fence AND l.owner = $5
         JOIN projection_cursor c
             ON c.name = $1 AND c.version = $2 AND c.lane BETWEEN l.first_lane AND l.last_lane
         FOR UPDATE OF l",
    )
    .bind(name)
    .bind(held.version)
    .bind(held.leases.iter().map(|lease| lease.first_lane).collect::<Vec<_>>())
    .bind(held.leases.iter().map(|lease| lease.fence).collect::<Vec<_>>())
    .bind(held.owner)
    .fetch_all(connection)
    .await?;
    if rows.len() < held.lanes() {
        return Ok(None);
    }
    let parked = rows.first().is_some_and(|row| row.2);
    let positions = rows
        .into_iter()
        .map(|(lane, position, _)| from_columns(lane, position))
        .collect();
    Ok(Some(Locked { positions, parked }))
}

#[cfg(test)]
mod tests;
