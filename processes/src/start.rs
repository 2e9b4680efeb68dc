//! Where a process begins: entered among those that are folded, or folded from the start again.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

/// Enters a process, or has it folded from the start when its code is of a newer version than what there is.
pub(crate) async fn install(name: &str, version: i32, now: DateTime<Utc>, pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut tx = workers::begin(pool, "BEGIN").await?;
    let entered = sqlx::query(
        "INSERT INTO process AS p (name, version) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET version = excluded.version WHERE p.version < excluded.version",
    )
    .bind(name)
    .bind(version)
    .execute(&mut *tx)
    .await?;
    if entered.rows_affected() > 0 {
        begin(name, now, &mut tx).await?;
    } else {
        sqlx::query(
            "INSERT INTO process_position (name, version, lane) SELECT p.name, p.version, l.lane FROM process p, lanes l
             WHERE p.name = $1 ON CONFLICT DO NOTHING",
        )
        .bind(name)
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await
}

/// Has a process folded from the start, by whichever worker holds it; `now` is the present time by the clock of its timers. Nothing fires
/// from it: see the README. False: there is no such process.
///
/// # Errors
/// When the database does not answer.
pub async fn rebuild(name: &str, now: DateTime<Utc>, pool: &PgPool) -> Result<bool, sqlx::Error> {
    let mut tx = workers::begin(pool, "BEGIN").await?;
    let known = begin(name, now, &mut tx).await?;
    tx.commit().await?;
    Ok(known)
}

/// Takes the lease away, so that the next follower begins without a state. Events up to the present end of the log have no effects.
async fn begin(name: &str, now: DateTime<Utc>, db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let known = sqlx::query("UPDATE process SET owner = NULL, fence = fence + 1, since = $2 WHERE name = $1")
        .bind(name)
        .bind(now)
        .execute(&mut *db)
        .await?;
    for statement in [
        "DELETE FROM process_instance WHERE name = $1",
        "DELETE FROM process_position WHERE name = $1",
        "INSERT INTO process_position (name, version, lane, muted)
         SELECT p.name, p.version, l.lane, l.head FROM process p, lanes l WHERE p.name = $1",
    ] {
        sqlx::query(statement).bind(name).execute(&mut *db).await?;
    }
    Ok(known.rows_affected() > 0)
}
