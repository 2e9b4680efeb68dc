//! Who seals: one sealer at a time. Safety comes from the lock of the lease's row and its fencing number, which the transaction of
//! every checkpoint holds and checks.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;
use workers::{HELD, Lease, Leases, RENEW};

const SEALERS: Leases = Leases::of("seal_log", "only_one::text");
/// The name of the one row.
const LOG: &str = "true";

/// Keeps the lease at hand, or takes it when it is free; `None` when somebody else has it.
pub(crate) async fn renew_or_take(
    pool: &PgPool,
    held: Option<Lease>,
    owner: Uuid,
    ttl: Duration,
) -> Result<Option<Lease>, sqlx::Error> {
    if let Some(lease) = held
        && lease.renew(ttl, pool).await?
    {
        return Ok(Some(lease));
    }
    SEALERS.take(LOG, owner, ttl, false, pool).await
}

/// Locks the lease's row for the rest of the transaction, prolongs the lease, and returns the log's id; `None` when the lease is somebody
/// else's by now.
pub(crate) async fn hold(
    connection: &mut PgConnection,
    lease: &Lease,
    ttl: Duration,
) -> Result<Option<Uuid>, sqlx::Error> {
    let statement = format!("UPDATE seal_log SET {RENEW} WHERE only_one::text = $1 AND {HELD} RETURNING id");
    sqlx::query_scalar(&statement)
        .bind(&lease.name)
        .bind(lease.owner)
        .bind(lease.fence)
        .bind(ttl.as_secs_f64())
        .fetch_optional(connection)
        .await
}

/// Notes why nothing is sealed; `None`: sealing goes on.
pub(crate) async fn record_complaint(pool: &PgPool, lease: &Lease, complaint: Option<&str>) -> Result<(), sqlx::Error> {
    let statement = format!(
        "UPDATE seal_log SET complaint = $4 WHERE only_one::text = $1 AND {HELD} AND complaint IS DISTINCT FROM $4"
    );
    sqlx::query(&statement)
        .bind(&lease.name)
        .bind(lease.owner)
        .bind(lease.fence)
        .bind(complaint)
        .execute(pool)
        .await
        .map(|_| ())
}
