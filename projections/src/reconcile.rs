//! Rows of the read models beside what their events say: a few at a time, all the time.
//!
//! A row is read together with the cursor that it stands at and compared with the fold of its stream up to there, so a read model that is
//! behind is not wrong. Rows are taken in the order of their keys, round and round, and so are streams, for rows that are missing. Read models that sum over streams (`sales`, `product_sales`) and the audit are compared by a rebuild instead.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::{PgPool, Row as _};
use tokio_util::sync::CancellationToken;

use crate::catalog;
use crate::history::{History, HistoryError, Moment, Past};
use crate::projection::Projection;

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(10);
/// Rows of each read model in a round.
const ROWS: i64 = 32;
/// Rows compared at once when all are asked for.
const BATCH: i64 = 256;
/// Findings looked at again in a round.
const AGAIN: i64 = 32;

/// A read model with one row per stream.
#[derive(Clone, Copy)]
struct Model {
    name: &'static str,
    aggregate_type: &'static str,
    key: &'static str,
}

const MODELS: [Model; 4] = [
    model("products", "product", "id"),
    model("stock", "stock", "product_id"),
    model("orders", "order", "id"),
    model("users", "user", "id"),
];

const fn model(name: &'static str, aggregate_type: &'static str, key: &'static str) -> Model {
    Model {
        name,
        aggregate_type,
        key,
    }
}

/// A row that is not what its events say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// The read model.
    pub model: String,
    /// The row's key.
    pub key: String,
    /// The columns that differ; all of them when the row is missing or should not be there.
    pub columns: Vec<String>,
}

/// Compares read models with their events, and keeps what differs in `books_findings`.
#[derive(Clone, Debug)]
pub struct Reconciler {
    pool: PgPool,
    history: History,
}

impl Reconciler {
    /// Compares what is in the database behind `pool`.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        let history = History::new(pool.clone());
        Self { pool, history }
    }

    /// Compares a few rows every few seconds, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut after: BTreeMap<&str, String> = BTreeMap::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
            if let Err(error) = self.round(&mut after).await {
                tracing::warn!(%error, "read models could not be compared with their events");
            }
        }
    }

    /// Compares up to `rows` rows of each read model, by their keys, and what was found before.
    pub async fn check(&self, rows: u64) -> Result<Vec<Differing>, HistoryError> {
        let mut differing = Vec::new();
        for model in MODELS {
            let known = self.found(model).await?;
            differing.extend(self.compare(model, &known).await?);
            let mut left = i64::try_from(rows).unwrap_or(i64::MAX);
            let mut after = String::new();
            while left > 0 {
                let mut keys = self.keys(model, &after, left.min(BATCH)).await?;
                let Some(last) = keys.last() else { break };
                after.clone_from(last);
                left -= i64::try_from(keys.len()).unwrap_or(left);
                keys.retain(|key| !known.contains(key));
                differing.extend(self.compare(model, &keys).await?);
            }
        }
        Ok(differing)
    }

    /// Goes on after the keys of the last round.
    async fn round(&self, after: &mut BTreeMap<&'static str, String>) -> Result<(), HistoryError> {
        for model in MODELS {
            let place = after.entry(model.name).or_default();
            let mut keys = self.keys(model, place, ROWS).await?;
            *place = keys.last().cloned().unwrap_or_default();
            keys.extend(self.found(model).await?);
            keys.sort_unstable();
            keys.dedup();
            self.compare(model, &keys).await?;
        }
        Ok(())
    }

    /// The next keys: of the rows that there are, and of the streams that should have one. Goes from stream to stream, however many
    /// events a stream has.
    async fn keys(&self, model: Model, after: &str, limit: i64) -> Result<Vec<String>, sqlx::Error> {
        let Model { name, key, .. } = model;
        sqlx::query_scalar(&format!(
            "WITH RECURSIVE streams AS (
                 (SELECT aggregate_id FROM events WHERE aggregate_type = $3 AND aggregate_id > $1
                  ORDER BY aggregate_id LIMIT 1)
                 UNION ALL
                 SELECT next.aggregate_id FROM streams s CROSS JOIN LATERAL (
                     SELECT aggregate_id FROM events WHERE aggregate_type = $3 AND aggregate_id > s.aggregate_id
                     ORDER BY aggregate_id LIMIT 1) next
             )
             (SELECT {key} FROM {name} WHERE {key} > $1 ORDER BY {key} LIMIT $2)
             UNION
             (SELECT aggregate_id FROM streams LIMIT $2)
             ORDER BY 1 LIMIT $2"
        ))
        .bind(after)
        .bind(limit)
        .bind(model.aggregate_type)
        .fetch_all(&self.pool)
        .await
    }

    /// What was found to differ and has not been mended.
    async fn found(&self, model: Model) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(
            "SELECT part FROM books_findings WHERE kind = 'read_model_differs' AND subject = $1 ORDER BY seen_at LIMIT $2",
        )
        .bind(model.name)
        .bind(AGAIN)
        .fetch_all(&self.pool)
        .await
    }

    /// Compares the rows of these keys, and keeps the findings on record.
    async fn compare(&self, model: Model, keys: &[String]) -> Result<Vec<Differing>, HistoryError> {
        let mut differing = Vec::new();
        let mut same = Vec::new();
        for (key, live, cursors) in self.read(model, keys).await? {
            // Tables that were built by other code are not what this code makes of the events.
            let Some(cursors) = cursors else { continue };
            let lane = self.history.lane_of(&key).await?;
            let position = cursors.get(&lane).copied().unwrap_or_default();
            let moment = Moment {
                lane,
                position,
                time: None,
            };
            let fold = match self.history.row(model.aggregate_type, &key, &moment).await? {
                Past::Row(row) => Some(row),
                Past::Nothing | Past::NotYet => None,
            };
            let columns = self.differences(model, live, fold).await?;
            if columns.is_empty() {
                same.push(key);
            } else {
                let model = model.name.to_owned();
                differing.push(Differing { model, key, columns });
            }
        }
        self.note(model, &differing, &same).await?;
        Ok(differing)
    }

    /// Each key with its row and the read model's cursors, all of one moment.
    async fn read(&self, Model { name, key, .. }: Model, keys: &[String]) -> Result<Vec<Live>, HistoryError> {
        let code_version = catalog::find(name).map_or(0, Projection::code_version);
        let rows = sqlx::query(&format!(
            "SELECT k.key, to_jsonb(v)::text AS live, (
                 SELECT json_agg(json_build_array(c.lane, c.position))::text
                 FROM projection_cursor c JOIN projections p USING (name, version)
                 WHERE p.name = $2 AND p.state = 'active' AND p.code_version = $3) AS cursors
             FROM unnest($1::text[]) AS k (key) LEFT JOIN {name} v ON v.{key} = k.key"
        ))
        .bind(keys)
        .bind(name)
        .bind(code_version)
        .fetch_all(&self.pool)
        .await?;
        let mut cursors: Option<BTreeMap<u32, u64>> = None;
        let mut live = Vec::with_capacity(rows.len());
        for row in rows {
            if cursors.is_none()
                && let Some(text) = row.try_get::<Option<&str>, _>("cursors")?
            {
                let pairs: Vec<(u32, u64)> =
                    serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()))?;
                cursors = Some(pairs.into_iter().collect());
            }
            live.push((row.try_get("key")?, row.try_get("live")?, cursors.clone()));
        }
        Ok(live)
    }

    async fn differences(
        &self,
        Model { name, .. }: Model,
        live: Option<String>,
        fold: Option<String>,
    ) -> Result<Vec<String>, sqlx::Error> {
        if live.is_none() && fold.is_none() {
            return Ok(Vec::new());
        }
        sqlx::query_scalar(&format!(
            "SELECT coalesce(array_agg(coalesce(l.key, f.key) ORDER BY coalesce(l.key, f.key)), '{{}}')
             FROM jsonb_each($1::jsonb) l
             FULL JOIN (SELECT f.* FROM jsonb_each(to_jsonb(jsonb_populate_record(NULL::{name}, $2::jsonb))) f
                 WHERE $2 IS NOT NULL) f ON f.key = l.key
             WHERE l.value IS DISTINCT FROM f.value"
        ))
        .bind(live)
        .bind(fold)
        .fetch_one(&self.pool)
        .await
    }

    async fn note(&self, model: Model, differing: &[Differing], same: &[String]) -> Result<(), sqlx::Error> {
        sqlx::query(
            "DELETE FROM books_findings WHERE kind = 'read_model_differs' AND subject = $1 AND part = ANY ($2)",
        )
        .bind(model.name)
        .bind(same)
        .execute(&self.pool)
        .await?;
        if differing.is_empty() {
            return Ok(());
        }
        tracing::error!(
            read_model = model.name,
            ?differing,
            "rows of a read model are not what their events say"
        );
        let keys: Vec<&str> = differing.iter().map(|row| row.key.as_str()).collect();
        sqlx::query(
            "INSERT INTO books_findings (kind, subject, part)
             SELECT 'read_model_differs', $1, d.key FROM unnest($2::text[]) AS d (key)
             ON CONFLICT (kind, subject, part) DO UPDATE SET seen_at = excluded.seen_at",
        )
        .bind(model.name)
        .bind(keys)
        .execute(&self.pool)
        .await
        .map(drop)
    }
}

/// A key, the row that is served and the read model's cursors; without cursors nothing can be compared.
type Live = (String, Option<String>, Option<BTreeMap<u32, u64>>);
