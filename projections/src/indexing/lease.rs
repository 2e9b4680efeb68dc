//! Who writes into an index: one process at a time, by a row with a fencing number, as with the lanes of projections.

use std::ops::Deref;
use std::time::Duration;

use sqlx::PgPool;
use workers::{Lease, Leases};

/// The leases of all indexes.
pub(super) const INDEXES: Leases = Leases {
    table: "search_index",
    key: "name",
    set_on_take: ", seen_at = clock_timestamp(), outage = NULL",
    set_on_renew: ", seen_at = clock_timestamp()",
};

/// The right to write into an index, until it is lost.
#[derive(Clone, Debug)]
pub(super) struct IndexLease(pub(super) Lease);

impl Deref for IndexLease {
    type Target = Lease;

    fn deref(&self) -> &Lease {
        &self.0
    }
}

/// Enters an index among those that are kept up to date, if it is not there yet. It then misses no change: whoever marks looks at
/// the indexes in the transaction that changes the rows, and all who looked before are waited for.
pub(super) async fn register(name: &str, engine: &str, pool: &PgPool) -> Result<(), sqlx::Error> {
    let known = sqlx::query("UPDATE search_index SET seen_at = clock_timestamp() WHERE name = $1")
        .bind(name)
        .execute(pool)
        .await?;
    if known.rows_affected() > 0 {
        return Ok(());
    }
    // Who waits for the lock makes all others wait behind, so not for long; the caller tries again.
    let mut tx = workers::begin(pool, "BEGIN; SET LOCAL lock_timeout = '300ms'").await?;
    sqlx::query("LOCK TABLE search_index IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *tx)
        .await?;
    sqlx::query("INSERT INTO search_index (name, engine) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
        .bind(name)
        .bind(engine)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Forgets indexes that nobody has used for long, and what was kept for them. When one comes back it is filled anew.
pub(super) async fn forget(unseen: Duration, pool: &PgPool) -> Result<(), sqlx::Error> {
    let gone: Vec<String> = sqlx::query_scalar(
        "DELETE FROM search_index WHERE seen_at < clock_timestamp() - make_interval(secs => $1) RETURNING name",
    )
    .bind(unseen.as_secs_f64())
    .fetch_all(pool)
    .await?;
    for name in gone {
        tracing::info!(
            index = name,
            "a search index was not used for long and is not kept up to date any more"
        );
    }
    // Somebody who looked at the indexes just before may still have marked for one of them.
    for table in ["search_dirty", "search_rejected"] {
        let statement =
            format!("DELETE FROM {table} d WHERE NOT EXISTS (SELECT FROM search_index i WHERE i.name = d.index_name)");
        sqlx::query(&statement).execute(pool).await?;
    }
    Ok(())
}
