//! How far a version has come. A worker that moves cursors holds the locks of the leases for those lanes.

use sqlx::{PgPool, Postgres, Transaction};
use workers::Cursors;
pub(crate) use workers::{from_columns, lane_column, position_column};

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

#[cfg(test)]
mod tests;
