//! The table `pending_reservations`.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{OrderId, ProductId};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::pending::{Held, Pending, Suspicion};

/// What the last checkpoint left.
pub(super) async fn load(db: &mut PgConnection) -> Result<Pending, sqlx::Error> {
    let rows =
        sqlx::query("SELECT order_id, state, product_ids, since, correlation_id, cause FROM pending_reservations")
            .fetch_all(db)
            .await?;
    let pending = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Pending::restore(pending))
}

/// Stores what is unsettled.
pub(super) async fn store(pending: &Pending, db: &mut PgConnection) -> Result<(), sqlx::Error> {
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
        .execute(&mut *db)
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
            .execute(&mut *db)
            .await?;
    }
    Ok(())
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
