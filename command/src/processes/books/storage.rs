//! The table `books_findings`.

use domain::OrderId;
use sqlx::{PgPool, Row};

use super::Mismatch;

/// The kinds of findings about orders: too little is held for them, or too much.
const MISSING: &str = "order_without_stock";
const SURPLUS: &str = "stock_without_order";

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
pub(super) async fn counts(pool: &PgPool) -> Result<Vec<(String, f64)>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT k.kind, count(f.kind)::double precision AS findings
         FROM unnest($1::text[]) AS k (kind)
         LEFT JOIN books_findings f ON f.kind = k.kind COLLATE \"C\" GROUP BY k.kind",
    )
    .bind(KINDS)
    .fetch_all(pool)
    .await?;
    let read = |row: &sqlx::postgres::PgRow| Ok((row.try_get("kind")?, row.try_get("findings")?));
    rows.iter().map(read).collect()
}
