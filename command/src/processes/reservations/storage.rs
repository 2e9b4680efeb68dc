//! The tables `process_lease`, `process_cursor` and `pending_reservations`.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{OrderId, ProductId};
use eventstore::Positions;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::{
    Holder, PROCESS,
    pending::{Held, Pending, Suspicion},
};

/// How long a holder that died keeps the others waiting.
const LEASE_SECONDS: f64 = 10.0;

/// Begins a checkpoint. Rows are reached by key only: the table is empty time and again, and what the planner then knows of it would have
/// all of its rows compared with all of those to be deleted.
const CHECKPOINT: &str = "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; \
                          SET LOCAL enable_sort = off; SET LOCAL plan_cache_mode = force_generic_plan";

pub(super) struct Storage {
    pool: PgPool,
    holder: Holder,
}

/// Whether the lease is still ours.
pub(super) enum Renewed {
    Yes,
    Lost,
}

impl Storage {
    pub(super) fn new(pool: PgPool, holder: Holder) -> Self {
        Self { pool, holder }
    }

    /// Takes the lease if nobody holds it.
    pub(super) async fn acquire(&self) -> Result<bool, sqlx::Error> {
        let taken = sqlx::query(
            "INSERT INTO process_lease AS l (process, holder, held_until)
             VALUES ($1, $2, now() + make_interval(secs => $3))
             ON CONFLICT (process) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
             WHERE l.held_until < now() OR l.holder = excluded.holder",
        )
        .bind(PROCESS)
        .bind(self.holder)
        .bind(LEASE_SECONDS)
        .execute(&self.pool)
        .await?;
        Ok(taken.rows_affected() == 1)
    }

    /// Lets the next one go on at once.
    pub(super) async fn release(&self) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM process_lease WHERE process = $1 AND holder = $2")
            .bind(PROCESS)
            .bind(self.holder)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Where the last checkpoint left off.
    pub(super) async fn load(&self) -> Result<(Positions, Pending), sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            .execute(&mut *transaction)
            .await?;
        let cursors = sqlx::query("SELECT lane, position FROM process_cursor WHERE process = $1")
            .bind(PROCESS)
            .fetch_all(&mut *transaction)
            .await?;
        let rows =
            sqlx::query("SELECT order_id, state, product_ids, since, correlation_id, cause FROM pending_reservations")
                .fetch_all(&mut *transaction)
                .await?;
        transaction.commit().await?;
        let cursors = cursors
            .iter()
            .map(|row| {
                let (lane, position): (i32, i64) = (row.try_get("lane")?, row.try_get("position")?);
                Ok((lane.cast_unsigned(), position.cast_unsigned()))
            })
            .collect::<Result<Positions, sqlx::Error>>()?;
        let pending = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok((cursors, Pending::restore(pending)))
    }

    /// Stores how far the log has been read and what is unsettled there, and renews the lease. Not durable at once: what a crash of
    /// the database takes back is read again.
    pub(super) async fn checkpoint(
        &self,
        stored: &Positions,
        cursors: &Positions,
        pending: &mut Pending,
    ) -> Result<Renewed, sqlx::Error> {
        let mut transaction = self.pool.begin_with(CHECKPOINT).await?;
        let renewed = sqlx::query(
            "UPDATE process_lease SET held_until = now() + make_interval(secs => $3) WHERE process = $1 AND holder = $2",
        )
        .bind(PROCESS)
        .bind(self.holder)
        .bind(LEASE_SECONDS)
        .execute(&mut *transaction)
        .await?;
        if renewed.rows_affected() != 1 {
            return Ok(Renewed::Lost);
        }
        let (put, delete) = pending.changes();
        if !delete.is_empty() {
            let ids: Vec<String> = delete.iter().map(|(order_id, _)| order_id.to_string()).collect();
            let states: Vec<&str> = delete.iter().map(|(_, suspicion)| suspicion.as_str()).collect();
            sqlx::query(
                "DELETE FROM pending_reservations WHERE ctid = ANY (ARRAY(
                     SELECT p.ctid FROM unnest($1::text[], $2::text[]) AS d (order_id, state)
                     CROSS JOIN LATERAL (
                         SELECT ctid FROM pending_reservations
                         WHERE order_id = d.order_id AND state BETWEEN d.state AND d.state
                         ORDER BY state FOR UPDATE) p))",
            )
            .bind(ids)
            .bind(states)
            .execute(&mut *transaction)
            .await?;
        }
        if !put.is_empty() {
            let ids: Vec<String> = put.iter().map(|((order_id, _), _)| order_id.to_string()).collect();
            let states: Vec<&str> = put.iter().map(|((_, suspicion), _)| suspicion.as_str()).collect();
            let products: Vec<String> = put.iter().map(|(_, held)| joined(&held.products)).collect();
            let since: Vec<DateTime<Utc>> = put.iter().map(|(_, held)| held.since).collect();
            let correlations: Vec<Uuid> = put.iter().map(|(_, held)| held.correlation_id).collect();
            let causes: Vec<Option<Uuid>> = put.iter().map(|(_, held)| held.cause).collect();
            sqlx::query(
                "INSERT INTO pending_reservations (order_id, state, product_ids, since, correlation_id, cause)
                 SELECT p.order_id, p.state, string_to_array(p.products, ','), p.since, p.correlation_id, p.cause
                 FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::uuid[], $6::uuid[])
                     AS p (order_id, state, products, since, correlation_id, cause)
                 ON CONFLICT (order_id, state) DO UPDATE SET product_ids = excluded.product_ids, since = excluded.since",
            )
            .bind(ids)
            .bind(states)
            .bind(products)
            .bind(since)
            .bind(correlations)
            .bind(causes)
            .execute(&mut *transaction)
            .await?;
        }
        let moved: Vec<(u32, u64)> = cursors
            .iter()
            .filter(|(lane, position)| stored.get(*lane) != Some(*position))
            .collect();
        if !moved.is_empty() {
            let lanes: Vec<i32> = moved.iter().map(|(lane, _)| lane.cast_signed()).collect();
            let positions: Vec<i64> = moved.iter().map(|(_, position)| position.cast_signed()).collect();
            sqlx::query(
                "INSERT INTO process_cursor (process, lane, position)
                 SELECT $1, c.lane, c.position FROM unnest($2::integer[], $3::bigint[]) AS c (lane, position)
                 ON CONFLICT (process, lane) DO UPDATE SET position = excluded.position",
            )
            .bind(PROCESS)
            .bind(lanes)
            .bind(positions)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        pending.written();
        Ok(Renewed::Yes)
    }
}

/// Arrays of arrays do not unnest, so the inner ones travel as texts.
fn joined(products: &BTreeSet<ProductId>) -> String {
    let texts: Vec<String> = products.iter().map(ToString::to_string).collect();
    texts.join(",")
}

fn read(row: &sqlx::postgres::PgRow) -> Result<((OrderId, Suspicion), Held), sqlx::Error> {
    let order_id: String = row.try_get("order_id")?;
    let state: String = row.try_get("state")?;
    let products: Vec<String> = row.try_get("product_ids")?;
    let decode = |error: String| sqlx::Error::Decode(error.into());
    let order_id = order_id
        .parse()
        .map_err(|error: domain::ValueError| decode(error.to_string()))?;
    let suspicion = Suspicion::read(&state).ok_or_else(|| decode(format!("unknown state {state}")))?;
    let products = products
        .iter()
        .map(|id| id.parse())
        .collect::<Result<BTreeSet<ProductId>, domain::ValueError>>()
        .map_err(|error| decode(error.to_string()))?;
    let held = Held {
        products,
        since: row.try_get("since")?,
        correlation_id: row.try_get("correlation_id")?,
        cause: row.try_get("cause")?,
    };
    Ok(((order_id, suspicion), held))
}
