//! The table `process_effect`, as the follower of a process uses it.

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::effect::Done;

/// An effect that a process sent.
#[derive(Clone, Debug)]
pub(crate) struct OutgoingEffect {
    pub(crate) id: Uuid,
    pub(crate) key: String,
    pub(crate) step: String,
    pub(crate) kind: &'static str,
    pub(crate) body: String,
    pub(crate) remembered: bool,
    pub(crate) muted: bool,
}

/// Puts effects into the outbox. One that is there is not put again; if it is done, its outcome is folded again. One that is muted is
/// not put at all. Answers whether there is something to deliver.
pub(crate) async fn put(name: &str, sent: &[OutgoingEffect], db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    if sent.is_empty() {
        return Ok(false);
    }
    let ids: Vec<Uuid> = sent.iter().map(|effect| effect.id).collect();
    sqlx::query("UPDATE process_effect SET status = 'delivered' WHERE id = ANY ($1) AND status = 'done'")
        .bind(ids)
        .execute(&mut *db)
        .await?;
    let sent: Vec<&OutgoingEffect> = sent.iter().filter(|effect| !effect.muted).collect();
    let column = |read: fn(&OutgoingEffect) -> &str| sent.iter().map(|effect| read(effect)).collect::<Vec<_>>();
    let put = sqlx::query(
        "INSERT INTO process_effect (id, name, key, step, kind, body, remembered)
         SELECT s.id, $1, s.key, s.step, s.kind, s.body::json, s.remembered
         FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[])
             AS s (id, key, step, kind, body, remembered)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(name)
    .bind(sent.iter().map(|effect| effect.id).collect::<Vec<_>>())
    .bind(column(|effect| &effect.key))
    .bind(column(|effect| &effect.step))
    .bind(column(|effect| effect.kind))
    .bind(column(|effect| &effect.body))
    .bind(sent.iter().map(|effect| effect.remembered).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(put.rows_affected() > 0)
}

/// What was delivered or dropped and its process has not been told of, with the instance's key, in the order in which it happened.
pub(crate) async fn outcomes(
    name: &str,
    limit: i64,
    db: &mut PgConnection,
) -> Result<Vec<(String, Done)>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT id, key, step, outcome::text AS outcome, error FROM process_effect
         WHERE name = $1 AND status = 'delivered' ORDER BY finished_at, id LIMIT $2",
    )
    .bind(name)
    .bind(limit)
    .fetch_all(db)
    .await?;
    let read = |row: &sqlx::postgres::PgRow| {
        let outcome: Option<String> = row.try_get("outcome")?;
        let outcome = match outcome {
            Some(outcome) => Ok(serde_json::from_str(&outcome).map_err(|error| sqlx::Error::Decode(error.into()))?),
            None => Err(row.try_get::<Option<String>, _>("error")?.unwrap_or_default()),
        };
        let done = Done {
            id: row.try_get("id")?,
            step: row.try_get("step")?,
            outcome,
        };
        Ok((row.try_get("key")?, done))
    };
    rows.iter().map(read).collect()
}

/// Records that the process has folded these outcomes.
pub(crate) async fn acknowledge(ids: Vec<Uuid>, db: &mut PgConnection) -> Result<(), sqlx::Error> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "WITH forgotten AS (DELETE FROM process_effect WHERE id = ANY ($1) AND status = 'delivered' AND NOT remembered)
         UPDATE process_effect SET status = 'done' WHERE id = ANY ($1) AND status = 'delivered' AND remembered",
    )
    .bind(ids)
    .execute(db)
    .await
    .map(drop)
}
