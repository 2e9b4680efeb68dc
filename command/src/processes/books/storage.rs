//! The tables `books_open` and `books_findings`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{OrderId, ProductId};
use sqlx::{PgConnection, PgPool, Row};

use super::Mismatch;
use super::ledger::Ledger;

/// The kinds of findings about orders: too little is held for them, or too much.
const MISSING: &str = "order_without_stock";
const SURPLUS: &str = "stock_without_order";

/// What the last checkpoint left.
pub(super) async fn load(db: &mut PgConnection) -> Result<Ledger, sqlx::Error> {
    let rows = sqlx::query("SELECT order_id, units::text AS units, since FROM books_open")
        .fetch_all(db)
        .await?;
    let read = |row: &sqlx::postgres::PgRow| {
        let order_id: String = row.try_get("order_id")?;
        let units: String = row.try_get("units")?;
        let units: BTreeMap<ProductId, i64> =
            serde_json::from_str(&units).map_err(|error| sqlx::Error::Decode(error.into()))?;
        let order_id: OrderId = order_id
            .parse()
            .map_err(|error: domain::ValueError| sqlx::Error::Decode(error.into()))?;
        Ok((order_id, units, row.try_get::<DateTime<Utc>, _>("since")?))
    };
    let rows = rows.iter().map(read).collect::<Result<Vec<_>, sqlx::Error>>()?;
    Ok(Ledger::restore(rows))
}

/// Stores what is open, and drops the findings of what is not.
pub(super) async fn store(ledger: &Ledger, db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let (put, delete) = ledger.changes();
    if !delete.is_empty() {
        let ids: Vec<String> = delete.iter().map(ToString::to_string).collect();
        sqlx::query("DELETE FROM books_open WHERE order_id = ANY ($1)")
            .bind(&ids)
            .execute(&mut *db)
            .await?;
        sqlx::query("DELETE FROM books_findings WHERE subject = ANY ($1)")
            .bind(&ids)
            .execute(&mut *db)
            .await?;
    }
    if !put.is_empty() {
        let ids: Vec<String> = put.iter().map(|(order_id, _)| order_id.to_string()).collect();
        let units = put.iter().map(|(_, open)| serde_json::to_string(&open.units));
        let units: Vec<String> = units
            .collect::<Result<_, _>>()
            .map_err(|error| sqlx::Error::Encode(error.into()))?;
        let since: Vec<DateTime<Utc>> = put.iter().map(|(_, open)| open.since).collect();
        sqlx::query(
            "INSERT INTO books_open (order_id, units, since)
             SELECT o.order_id, o.units::json, o.since
             FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS o (order_id, units, since)
             ON CONFLICT (order_id) DO UPDATE SET units = excluded.units, since = excluded.since",
        )
        .bind(ids)
        .bind(units)
        .bind(since)
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Keeps on record what is wrong with an order now, and nothing else.
pub(super) async fn note(pool: &PgPool, order_id: OrderId, mismatches: &[Mismatch]) -> Result<(), sqlx::Error> {
    let kinds: Vec<&str> = mismatches
        .iter()
        .map(|mismatch| {
            if mismatch.held < mismatch.owed {
                MISSING
            } else {
                SURPLUS
            }
        })
        .collect();
    let products: Vec<String> = mismatches
        .iter()
        .map(|mismatch| mismatch.product_id.to_string())
        .collect();
    let owed: Vec<i64> = mismatches.iter().map(|mismatch| mismatch.owed).collect();
    let held: Vec<i64> = mismatches.iter().map(|mismatch| mismatch.held).collect();
    sqlx::query(
        "WITH now_wrong AS (
             SELECT w.kind, w.part, w.owed, w.held
             FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[]) AS w (kind, part, owed, held)
         ), mended AS (
             DELETE FROM books_findings f
             WHERE f.subject = $1 AND NOT EXISTS (SELECT FROM now_wrong w WHERE w.kind = f.kind AND w.part = f.part)
         )
         INSERT INTO books_findings (kind, subject, part, owed, held)
         SELECT w.kind, $1, w.part, w.owed, w.held FROM now_wrong w
         ON CONFLICT (kind, subject, part)
             DO UPDATE SET owed = excluded.owed, held = excluded.held, seen_at = excluded.seen_at",
    )
    .bind(order_id.to_string())
    .bind(kinds)
    .bind(products)
    .bind(owed)
    .bind(held)
    .execute(pool)
    .await
    .map(drop)
}

/// The kinds of findings; the last is the read models' own.
pub(super) const KINDS: [&str; 3] = [MISSING, SURPLUS, "read_model_differs"];

/// How many findings there are of each kind.
pub(super) async fn counts(db: &mut PgConnection) -> Result<Vec<(String, f64)>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT k.kind, count(f.kind)::double precision AS findings
         FROM unnest($1::text[]) AS k (kind)
         LEFT JOIN books_findings f ON f.kind = k.kind COLLATE \"C\" GROUP BY k.kind",
    )
    .bind(KINDS)
    .fetch_all(db)
    .await?;
    let read = |row: &sqlx::postgres::PgRow| Ok((row.try_get("kind")?, row.try_get("findings")?));
    rows.iter().map(read).collect()
}
