//! Who projects what: groups of lanes, leased by row. A lease is for speed and order among workers; safety comes from the lock of its
//! row and the fencing number, which the transaction of every batch checks.

use std::time::Duration;

use eventstore::Positions;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;
use workers::{FREE, RENEW, TAKE};

/// Lanes that are leased together.
pub(crate) const GROUP: i32 = 8;

/// A lease at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) first_lane: i32,
    pub(crate) last_lane: i32,
    pub(crate) fence: i64,
}

/// The leases that a worker holds on one version of a projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) owner: Uuid,
    pub(crate) version: i32,
    pub(crate) leases: Vec<Lease>,
}

impl Held {
    pub(crate) fn nothing(owner: Uuid) -> Self {
        Self {
            owner,
            version: 0,
            leases: Vec::new(),
        }
    }

    /// How many lanes that are.
    pub(crate) fn lanes(&self) -> usize {
        let lanes = |lease: &Lease| usize::try_from(lease.last_lane - lease.first_lane + 1).unwrap_or_default();
        self.leases.iter().map(lanes).sum()
    }
}

/// How leases are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) name: &'a str,
    pub(crate) code_version: i32,
    pub(crate) owner: Uuid,
    pub(crate) ttl: Duration,
}

/// Says that a worker lives, and forgets those that do not.
pub(crate) async fn heartbeat(pool: &PgPool, owner: Uuid, ttl: Duration) -> Result<(), sqlx::Error> {
    let mut tx = crate::cursor::begin(pool).await?;
    sqlx::query(
        "INSERT INTO projection_worker AS w (owner, seen_until) VALUES ($1, clock_timestamp() + make_interval(secs => $2))
         ON CONFLICT (owner) DO UPDATE SET seen_until = excluded.seen_until",
    )
    .bind(owner)
    .bind(ttl.as_secs_f64())
    .execute(&mut *tx)
    .await?;
    sqlx::query("DELETE FROM projection_worker WHERE seen_until < clock_timestamp() - interval '1 minute'")
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Takes over everything from workers of which the caller knows that they are dead.
pub(crate) async fn evict_others(pool: &PgPool, owner: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM projection_worker WHERE owner <> $1")
        .bind(owner)
        .execute(pool)
        .await?;
    sqlx::query("UPDATE projection_lease SET owner = NULL WHERE owner <> $1")
        .bind(owner)
        .execute(pool)
        .await?;
    Ok(())
}

/// Renews the leases of the active version, gives up those beyond the fair share, takes free or expired ones up to it. `rate` is
/// published with them: events per second of this worker.
///
/// Tables that another code version built are left alone.
pub(crate) async fn renew(pool: &PgPool, terms: Terms<'_>, rate: f64) -> Result<Held, sqlx::Error> {
    let mut tx = crate::cursor::begin(pool).await?;
    let (groups, workers): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM projection_lease l JOIN projections p USING (name, version)
                 WHERE p.name = $1 AND p.state = 'active' AND p.code_version = $2),
                (SELECT count(*) FROM projection_worker
                 WHERE seen_until BETWEEN clock_timestamp() AND clock_timestamp() + interval '10 minutes')",
    )
    .bind(terms.name)
    .bind(terms.code_version)
    .fetch_one(&mut *tx)
    .await?;
    if groups == 0 {
        tracing::warn!(
            projection = terms.name,
            "not projected: its tables were built by another code version, rebuild it"
        );
    }
    let share = ceiling(groups, workers.max(1));
    // The first ones of the share are kept, the rest is left to others.
    let statement = format!(
        "UPDATE projection_lease l
         SET owner = CASE WHEN mine.nth <= $3 THEN l.owner END, {RENEW}, rate = $5 / mine.all
         FROM (SELECT l.version, l.first_lane, row_number() OVER (ORDER BY l.first_lane) AS nth, count(*) OVER () AS all
               FROM projection_lease l JOIN projections p USING (name, version)
               WHERE l.name = $1 AND l.owner = $2 AND p.state = 'active' AND p.code_version = $6) mine
         WHERE l.name = $1 AND l.version = mine.version AND l.first_lane = mine.first_lane AND l.owner = $2
         RETURNING l.version, l.first_lane, l.last_lane, l.fence, l.owner IS NOT NULL"
    );
    let kept: Vec<Row> = sqlx::query_as(&statement)
        .bind(terms.name)
        .bind(terms.owner)
        .bind(share)
        .bind(terms.ttl.as_secs_f64())
        .bind(rate)
        .bind(terms.code_version)
        .fetch_all(&mut *tx)
        .await?;
    let mut rows: Vec<Row> = kept.into_iter().filter(|row| row.4).collect();
    let missing = share - i64::try_from(rows.len()).unwrap_or(i64::MAX);
    if missing > 0 {
        rows.extend(take(&mut tx, terms, missing).await?);
    }
    tx.commit().await?;
    Ok(held(terms.owner, rows))
}

/// `version, first_lane, last_lane, fence, still held`.
type Row = (i32, i32, i32, i64, bool);

async fn take(connection: &mut PgConnection, terms: Terms<'_>, most: i64) -> Result<Vec<Row>, sqlx::Error> {
    let statement = format!(
        "UPDATE projection_lease l
         SET {TAKE}, rate = 0
         FROM (SELECT l.version, l.first_lane
               FROM projection_lease l JOIN projections p USING (name, version)
               WHERE l.name = $1 AND p.state = 'active' AND p.code_version = $5
                   AND {FREE}
               ORDER BY l.first_lane LIMIT $3 FOR UPDATE OF l SKIP LOCKED) free
         WHERE l.name = $1 AND l.version = free.version AND l.first_lane = free.first_lane
         RETURNING l.version, l.first_lane, l.last_lane, l.fence, true"
    );
    sqlx::query_as(&statement)
        .bind(terms.name)
        .bind(terms.owner)
        .bind(most)
        .bind(terms.ttl.as_secs_f64())
        .bind(terms.code_version)
        .fetch_all(connection)
        .await
}

/// Gives back everything at once, so that others need not wait for the leases to run out.
pub(crate) async fn release(pool: &PgPool, owner: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE projection_lease SET owner = NULL, rate = 0 WHERE owner = $1")
        .bind(owner)
        .execute(pool)
        .await?;
    sqlx::query("DELETE FROM projection_worker WHERE owner = $1")
        .bind(owner)
        .execute(pool)
        .await?;
    Ok(())
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
        .map(|(lane, position, _)| workers::from_columns(lane, position))
        .collect();
    Ok(Some(Locked { positions, parked }))
}

fn held(owner: Uuid, mut rows: Vec<Row>) -> Held {
    rows.sort_unstable();
    let version = rows.first().map_or(0, |row| row.0);
    let leases = rows
        .into_iter()
        .map(|(_, first_lane, last_lane, fence, _)| Lease {
            first_lane,
            last_lane,
            fence,
        })
        .collect();
    Held { owner, version, leases }
}

fn ceiling(parts: i64, among: i64) -> i64 {
    (parts + among - 1) / among
}
