//! Who seals: one sealer at a time. Safety comes from the lock of the lease's row and its fencing number, which the transaction of
//! every checkpoint holds and checks.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// The lease at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) owner: Uuid,
    fence: i64,
}

/// Takes the lease when it is free (also one from before the clock was set back, which is longer than any), keeps it when it is the owner's; `None` when somebody else has it.
pub(crate) async fn take(pool: &PgPool, owner: Uuid, ttl: Duration) -> Result<Option<Lease>, sqlx::Error> {
    let fence: Option<i64> = sqlx::query_scalar(
        "UPDATE seal_log SET owner = $1, lease_until = clock_timestamp() + make_interval(secs => $2),
             fence = CASE WHEN owner = $1 THEN fence ELSE fence + 1 END
         WHERE only_one = (
             SELECT only_one FROM seal_log
             WHERE owner IS NULL OR owner = $1 OR lease_until NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '10 minutes'
             FOR UPDATE SKIP LOCKED)
         RETURNING fence",
    )
    .bind(owner)
    .bind(ttl.as_secs_f64())
    .fetch_optional(pool)
    .await?;
    Ok(fence.map(|fence| Lease { owner, fence }))
}

/// Locks the lease's row for the rest of the transaction, prolongs the lease, and returns the log's id; `None` when the lease is somebody
/// else's by now.
pub(crate) async fn hold(
    connection: &mut PgConnection,
    lease: Lease,
    ttl: Duration,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "UPDATE seal_log SET lease_until = clock_timestamp() + make_interval(secs => $3) WHERE owner = $1 AND fence = $2 RETURNING id",
    )
    .bind(lease.owner)
    .bind(lease.fence)
    .bind(ttl.as_secs_f64())
    .fetch_optional(connection)
    .await
}

/// Notes why nothing is sealed; `None`: sealing goes on.
pub(crate) async fn note(pool: &PgPool, lease: Lease, complaint: Option<&str>) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE seal_log SET complaint = $3 WHERE owner = $1 AND fence = $2 AND complaint IS DISTINCT FROM $3")
        .bind(lease.owner)
        .bind(lease.fence)
        .bind(complaint)
        .execute(pool)
        .await
        .map(|_| ())
}

/// Gives it back at once, so that another one need not wait for it to run out.
pub(crate) async fn release(pool: &PgPool, lease: Lease) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE seal_log SET owner = NULL WHERE owner = $1 AND fence = $2")
        .bind(lease.owner)
        .bind(lease.fence)
        .execute(pool)
        .await
        .map(|_| ())
}
