//! Effects that were given up, for operators.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

/// An effect that could not be delivered, and waits for an operator.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct DeadLetter {
    /// The effect.
    pub id: Uuid,
    /// The process.
    pub name: String,
    /// The instance.
    pub key: String,
    /// As the process calls it.
    pub step: String,
    /// Who would deliver it.
    pub kind: String,
    /// What was to be done.
    #[sqlx(json)]
    pub body: Value,
    /// How often it was tried.
    pub attempts: i32,
    /// Why the last attempt failed.
    pub error: String,
    /// When the process sent it.
    pub created_at: DateTime<Utc>,
    /// When it was given up.
    pub finished_at: DateTime<Utc>,
}

/// Which dead letters.
#[derive(Clone, Debug, Default)]
pub struct DeadLetterFilter {
    /// Of this process.
    pub process: Option<String>,
    /// After the one that was given up then, in the order of [`dead_letters`].
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// So many at most.
    pub limit: u32,
}

/// A dead letter that was dropped.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct DroppedDeadLetter {
    /// The effect.
    pub id: Uuid,
    /// The process.
    pub name: String,
    /// Why.
    pub error: String,
    /// Who dropped it.
    pub dropped_by: String,
    /// When.
    pub finished_at: DateTime<Utc>,
}

const COLUMNS: &str =
    "id, name, key, step, kind, body, attempts, coalesce(error, '') AS error, created_at, finished_at";

/// Dead letters, the oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn dead_letters(filter: &DeadLetterFilter, pool: &PgPool) -> Result<Vec<DeadLetter>, sqlx::Error> {
    let statement = format!(
        "SELECT {COLUMNS} FROM process_effect
         WHERE status = 'dead' AND ($1::text IS NULL OR name = $1) AND ($2::timestamptz IS NULL OR (finished_at, id) > ($2, $3))
         ORDER BY finished_at, id LIMIT $4"
    );
    sqlx::query_as(&statement)
        .bind(&filter.process)
        .bind(filter.after.map(|(at, _)| at))
        .bind(filter.after.map(|(_, id)| id))
        .bind(i64::from(filter.limit))
        .fetch_all(pool)
        .await
}

/// The dead letter of this id; `None`: there is none.
///
/// # Errors
/// When the database does not answer.
pub async fn dead_letter(id: Uuid, pool: &PgPool) -> Result<Option<DeadLetter>, sqlx::Error> {
    let statement = format!("SELECT {COLUMNS} FROM process_effect WHERE id = $1 AND status = 'dead'");
    sqlx::query_as(&statement).bind(id).fetch_optional(pool).await
}

/// Has a dead letter delivered as if it had never been tried. False: there is none with this id.
///
/// # Errors
/// When the database does not answer.
pub async fn retry_dead_letter(id: Uuid, pool: &PgPool) -> Result<bool, sqlx::Error> {
    let update = sqlx::query(
        "UPDATE process_effect SET status = 'waiting', attempts = 0, due_at = clock_timestamp(), finished_at = NULL
         WHERE id = $1 AND status = 'dead'",
    );
    Ok(update.bind(id).execute(pool).await?.rows_affected() > 0)
}

/// Gives a dead letter up for good, and tells its process so. One that was dropped before stays as it is.
///
/// # Errors
/// When the database does not answer.
pub async fn drop_dead_letter(id: Uuid, actor: &str, reason: &str, pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE process_effect SET status = 'delivered', error = $2, dropped_by = $3, remembered = true, finished_at = clock_timestamp()
         WHERE id = $1 AND status = 'dead'",
    )
    .bind(id)
    .bind(reason)
    .bind(actor)
    .execute(pool)
    .await
    .map(drop)
}

/// The dead letter of this id that was dropped; `None`: none was.
///
/// # Errors
/// When the database does not answer.
pub async fn dropped_dead_letter(id: Uuid, pool: &PgPool) -> Result<Option<DroppedDeadLetter>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, name, error, dropped_by, finished_at FROM process_effect WHERE id = $1 AND dropped_by IS NOT NULL",
    )
    .bind(id)
    .fetch_optional(pool)
    .await
}
