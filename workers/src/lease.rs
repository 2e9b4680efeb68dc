//! Who works: a row with an owner, a time until which it may be believed to live, and a fencing number that every take-over raises.
//!
//! A lease lives in the row of what it is for, so that the lock of that row is the lock of the lease and no transaction needs another
//! statement for it. Such a table has the columns `owner uuid`, `lease_until timestamptz` and `fence bigint NOT NULL DEFAULT 0`. Times are
//! the database's alone. Safety does not come from time: a transaction that writes under a lease checks [`HELD`].

use std::time::Duration;

use sqlx::{PgExecutor, PgPool};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

// The parts of statements that are about leases. `$1` names the row or rows, `$2` is the owner, `$3` the fencing number where a lease is
// held, `$4` how long it is to last, in seconds.

/// Anybody may take it. No lease is as long as ten minutes: one that is, is from before the clock was set back, and whoever lives renews
/// it at once.
pub const FREE: &str =
    "(owner IS NULL OR lease_until NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '10 minutes')";
/// Takes it over.
pub const TAKE: &str = "owner = $2, fence = fence + 1, lease_until = clock_timestamp() + make_interval(secs => $4)";
/// Keeps it.
pub const RENEW: &str = "lease_until = clock_timestamp() + make_interval(secs => $4)";
/// It is still the owner's.
pub const HELD: &str = "owner = $2 AND fence = $3";

/// Where leases of one kind are kept.
#[derive(Clone, Copy, Debug)]
pub struct Leases {
    /// The table.
    pub table: &'static str,
    /// What names a row, as SQL that yields a text.
    pub key: &'static str,
    /// What else is set when one is taken, as `, column = value`.
    pub set_on_take: &'static str,
    /// What else is set when one is renewed.
    pub set_on_renew: &'static str,
}

/// The right to work, until it is lost.
#[derive(Clone, Debug)]
pub struct Lease {
    kind: Leases,
    /// Names the row.
    pub name: String,
    /// Who holds it.
    pub owner: Uuid,
    /// Tells it from all that were held before and will be after.
    pub fence: i64,
}

impl Leases {
    /// Leases in the rows of `table`, each named by its `key`.
    #[must_use]
    pub const fn of(table: &'static str, key: &'static str) -> Self {
        Self {
            table,
            key,
            set_on_take: "",
            set_on_renew: "",
        }
    }

    /// A lease that was taken by a statement of the caller's own.
    #[must_use]
    pub fn held(self, name: String, owner: Uuid, fence: i64) -> Lease {
        Lease {
            kind: self,
            name,
            owner,
            fence,
        }
    }

    /// Takes a lease that nobody has, or of which the caller has been the owner; with `sole` also from an owner of which the caller knows
    /// that it cannot be alive. `None`: somebody else has it, or is writing under it at this moment.
    pub async fn take(
        self,
        name: &str,
        owner: Uuid,
        ttl: Duration,
        sole: bool,
        db: impl PgExecutor<'_>,
    ) -> Result<Option<Lease>, sqlx::Error> {
        let Self {
            table,
            key,
            set_on_take,
            ..
        } = self;
        let statement = format!(
            "UPDATE {table} SET {TAKE}{set_on_take}
             WHERE {key} = (SELECT {key} FROM {table} WHERE {key} = $1 AND ({FREE} OR owner = $2 OR $3) FOR UPDATE SKIP LOCKED)
             RETURNING fence"
        );
        let fence: Option<i64> = sqlx::query_scalar(&statement)
            .bind(name)
            .bind(owner)
            .bind(sole)
            .bind(ttl.as_secs_f64())
            .fetch_optional(db)
            .await?;
        Ok(fence.map(|fence| self.held(name.to_owned(), owner, fence)))
    }
}

impl Lease {
    /// Prolongs it, and in a transaction locks it until that ends. False: it is lost.
    pub async fn renew(&self, ttl: Duration, db: impl PgExecutor<'_>) -> Result<bool, sqlx::Error> {
        let Leases {
            table,
            key,
            set_on_renew,
            ..
        } = self.kind;
        let statement = format!("UPDATE {table} SET {RENEW}{set_on_renew} WHERE {key} = $1 AND {HELD}");
        let renewed = sqlx::query(&statement)
            .bind(&self.name)
            .bind(self.owner)
            .bind(self.fence)
            .bind(ttl.as_secs_f64())
            .execute(db)
            .await?;
        Ok(renewed.rows_affected() > 0)
    }

    /// Gives it back, so that others need not wait for it to run out.
    pub async fn release(&self, db: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
        let Leases { table, key, .. } = self.kind;
        let statement = format!("UPDATE {table} SET owner = NULL WHERE {key} = $1 AND {HELD}");
        sqlx::query(&statement)
            .bind(&self.name)
            .bind(self.owner)
            .bind(self.fence)
            .execute(db)
            .await?;
        Ok(())
    }
}

/// A name for an owner, which nobody else has.
pub async fn owner(db: impl PgExecutor<'_>) -> Result<Uuid, sqlx::Error> {
    sqlx::query_scalar("SELECT gen_random_uuid()").fetch_one(db).await
}

/// Renews a lease in the background, however long the work takes; ends with this value.
#[derive(Debug)]
pub struct Heartbeat(JoinHandle<()>);

impl Heartbeat {
    /// Cancels `lost` when the lease is another's, or may be because it could not be renewed in time.
    #[must_use]
    pub fn start(lease: Lease, ttl: Duration, pool: PgPool, lost: CancellationToken) -> Self {
        Self(tokio::spawn(async move {
            let mut renewed_at = Instant::now();
            loop {
                tokio::time::sleep(ttl / 6).await;
                let before = Instant::now();
                match lease.renew(ttl, &pool).await {
                    Ok(true) => renewed_at = before,
                    Ok(false) => break,
                    Err(error) => tracing::debug!(lease = lease.name, %error, "a lease was not renewed"),
                }
                if renewed_at.elapsed() > ttl {
                    break;
                }
            }
            lost.cancel();
        }))
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASES: Leases = Leases::of("process", "name");
    const TTL: Duration = Duration::from_mins(5);

    async fn set(until: &str, pool: &PgPool) {
        let statement = format!("UPDATE process SET lease_until = clock_timestamp() {until}");
        sqlx::query(&statement).execute(pool).await.unwrap();
    }

    #[sqlx::test(migrator = "migrations::MIGRATOR")]
    async fn whoever_is_late_is_fenced_off(pool: PgPool) {
        sqlx::query("INSERT INTO process (name, version) VALUES ('p', 1)")
            .execute(&pool)
            .await
            .unwrap();
        let [one, other] = [1, 2].map(Uuid::from_u128);
        let take = async |owner| LEASES.take("p", owner, TTL, false, &pool).await.unwrap();
        let first = take(one).await.unwrap();
        assert!(take(other).await.is_none(), "it is held");
        assert!(first.renew(TTL, &pool).await.unwrap());

        set("- interval '1 second'", &pool).await;
        let second = take(other).await.unwrap();
        assert_eq!(second.fence, first.fence + 1);
        assert!(!first.renew(TTL, &pool).await.unwrap(), "it is another's");
        first.release(&pool).await.unwrap();
        assert!(take(one).await.is_none(), "what is not held is not given back");

        // As a clock leaves it that was set back by an hour.
        set("+ interval '1 hour'", &pool).await;
        assert!(second.renew(TTL, &pool).await.unwrap(), "whoever lives keeps it");
        set("+ interval '1 hour'", &pool).await;
        let third = take(one).await.unwrap();
        assert_eq!(third.fence, second.fence + 1);

        // Back from a pause in which it lost the lease and got it again, a worker is not taken for what it was.
        third.release(&pool).await.unwrap();
        let fourth = take(one).await.unwrap();
        assert!(!third.renew(TTL, &pool).await.unwrap());
        let sole = LEASES.take("p", other, TTL, true, &pool).await.unwrap().unwrap();
        assert_eq!(sole.fence, fourth.fence + 1);
    }

    #[sqlx::test(migrator = "migrations::MIGRATOR")]
    async fn nobody_waits_for_whoever_writes_under_a_lease(pool: PgPool) {
        sqlx::query("INSERT INTO process (name, version) VALUES ('p', 1)")
            .execute(&pool)
            .await
            .unwrap();
        let owner = Uuid::from_u128(1);
        let lease = LEASES.take("p", owner, TTL, false, &pool).await.unwrap().unwrap();
        set("- interval '1 second'", &pool).await;
        let mut tx = crate::begin(&pool, "BEGIN").await.unwrap();
        assert!(lease.renew(TTL, &mut *tx).await.unwrap());
        let other = LEASES.take("p", Uuid::from_u128(2), TTL, false, &pool).await.unwrap();
        assert!(other.is_none());
        tx.commit().await.unwrap();
    }
}
