//! The table `process_instance`.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;

/// What is open.
#[derive(Debug, Default)]
pub(crate) struct Instance<S> {
    pub(crate) state: S,
    pub(crate) timers: BTreeMap<String, DateTime<Utc>>,
    /// Whether it has a row.
    stored: bool,
}

/// The instances of a batch, by key.
pub(crate) type Instances<S> = HashMap<String, Instance<S>>;

/// How many instances are open.
pub(crate) async fn count(name: &str, db: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM process_instance WHERE name = $1")
        .bind(name)
        .fetch_one(db)
        .await
}

/// The instances with a timer that is due, the longest waiting first.
pub(crate) async fn due(
    name: &str,
    now: DateTime<Utc>,
    limit: i64,
    db: &mut PgConnection,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT key FROM process_instance WHERE name = $1 AND due <= $2 ORDER BY due LIMIT $3")
        .bind(name)
        .bind(now)
        .bind(limit)
        .fetch_all(db)
        .await
}

/// The instances of these keys, those included that have no row.
pub(crate) async fn load<S: Default + DeserializeOwned>(
    name: &str,
    keys: impl IntoIterator<Item = String>,
    db: &mut PgConnection,
) -> Result<Instances<S>, sqlx::Error> {
    let mut instances: Instances<S> = keys.into_iter().map(|key| (key, Instance::default())).collect();
    if instances.is_empty() {
        return Ok(instances);
    }
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT i.key, i.state::text, i.timers::text FROM unnest($2::text[]) AS u (key)
         CROSS JOIN LATERAL (
             SELECT key, state, timers FROM process_instance WHERE name = $1 AND key BETWEEN u.key AND u.key ORDER BY key) i",
    )
    .bind(name)
    .bind(instances.keys().collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    for (key, state, timers) in rows {
        let instance = Instance {
            state: serde_json::from_str(&state).map_err(decode)?,
            timers: serde_json::from_str(&timers).map_err(decode)?,
            stored: true,
        };
        instances.insert(key, instance);
    }
    Ok(instances)
}

fn decode(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

/// Stores them. Those without anything open lose their rows. Answers by how many the rows have become more.
pub(crate) async fn store<S: Default + PartialEq + Serialize>(
    name: &str,
    instances: &Instances<S>,
    db: &mut PgConnection,
) -> Result<i64, sqlx::Error> {
    let default = S::default();
    let mut deleted = Vec::new();
    let (mut keys, mut states, mut timers, mut due_times) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut added = 0;
    for (key, instance) in instances {
        if instance.timers.is_empty() && instance.state == default {
            if instance.stored {
                added -= 1;
                deleted.push(key.as_str());
            }
            continue;
        }
        added += i64::from(!instance.stored);
        let encode = |error: serde_json::Error| sqlx::Error::Encode(error.into());
        keys.push(key.as_str());
        states.push(serde_json::to_string(&instance.state).map_err(encode)?);
        timers.push(serde_json::to_string(&instance.timers).map_err(encode)?);
        due_times.push(instance.timers.values().min().copied());
    }
    if !deleted.is_empty() {
        sqlx::query(
            "DELETE FROM process_instance WHERE ctid = ANY (ARRAY(
                 SELECT i.ctid FROM unnest($2::text[]) AS u (key)
                 CROSS JOIN LATERAL (
                     SELECT ctid FROM process_instance WHERE name = $1 AND key BETWEEN u.key AND u.key ORDER BY key FOR UPDATE) i))",
        )
        .bind(name)
        .bind(deleted)
        .execute(&mut *db)
        .await?;
    }
    if !keys.is_empty() {
        sqlx::query(
            "INSERT INTO process_instance (name, key, state, timers, due)
             SELECT $1, p.key, p.state::json, p.timers::json, p.due
             FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[]) AS p (key, state, timers, due)
             ON CONFLICT (name, key) DO UPDATE SET state = excluded.state, timers = excluded.timers, due = excluded.due",
        )
        .bind(name)
        .bind(keys)
        .bind(states)
        .bind(timers)
        .bind(due_times)
        .execute(db)
        .await?;
    }
    Ok(added)
}
