//! Who writes into an index: one process at a time, by a row with a fencing number, as with the lanes of projections.

use std::time::Duration;

use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::projection::chain;
use crate::transaction;

/// The right to write into an index, until it is lost.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    pub(super) name: String,
    pub(super) owner: Uuid,
    pub(super) fence: i64,
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
    let mut tx = transaction::begin(pool, "BEGIN; SET LOCAL lock_timeout = '300ms'").await?;
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

/// Takes the lease when nobody has it, or whoever has it when the caller knows that it cannot be alive.
pub(super) async fn take(
    name: &str,
    owner: Uuid,
    ttl: Duration,
    sole: bool,
    pool: &PgPool,
) -> Result<Option<Lease>, sqlx::Error> {
    let fence: Option<i64> = sqlx::query_scalar(
        "UPDATE search_index
         SET owner = $2, fence = fence + 1, seen_at = clock_timestamp(), outage = NULL,
             lease_until = clock_timestamp() + make_interval(secs => $3)
         WHERE name = $1 AND (owner IS NULL OR owner = $2 OR $4
             OR lease_until NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '10 minutes')
         RETURNING fence",
    )
    .bind(name)
    .bind(owner)
    .bind(ttl.as_secs_f64())
    .bind(sole)
    .fetch_optional(pool)
    .await?;
    Ok(fence.map(|fence| Lease {
        name: name.to_owned(),
        owner,
        fence,
    }))
}

impl Lease {
    async fn renew(&self, ttl: Duration, pool: &PgPool) -> Result<bool, sqlx::Error> {
        let renewed = sqlx::query(
            "UPDATE search_index
             SET lease_until = clock_timestamp() + make_interval(secs => $4), seen_at = clock_timestamp()
             WHERE name = $1 AND owner = $2 AND fence = $3",
        )
        .bind(&self.name)
        .bind(self.owner)
        .bind(self.fence)
        .bind(ttl.as_secs_f64())
        .execute(pool)
        .await?;
        Ok(renewed.rows_affected() > 0)
    }

    /// Gives it back, so that others need not wait for it to run out.
    pub(super) async fn release(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE search_index SET owner = NULL WHERE name = $1 AND owner = $2 AND fence = $3")
            .bind(&self.name)
            .bind(self.owner)
            .bind(self.fence)
            .execute(pool)
            .await?;
        Ok(())
    }
}

/// Renews a lease in the background, however long the engine takes; ends with this value.
pub(super) struct Beat(JoinHandle<()>);

impl Beat {
    /// Cancels `lost` when the lease is another's, or may be because it could not be renewed in time.
    pub(super) fn start(lease: Lease, ttl: Duration, pool: PgPool, lost: CancellationToken) -> Self {
        Self(tokio::spawn(async move {
            let mut renewed = Instant::now();
            loop {
                tokio::time::sleep(ttl / 6).await;
                let before = Instant::now();
                match lease.renew(ttl, &pool).await {
                    Ok(true) => renewed = before,
                    Ok(false) => break,
                    Err(error) => {
                        tracing::debug!(reason = chain(&error), "the lease of a search index was not renewed");
                    }
                }
                if renewed.elapsed() > ttl {
                    break;
                }
            }
            lost.cancel();
        }))
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.0.abort();
    }
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
