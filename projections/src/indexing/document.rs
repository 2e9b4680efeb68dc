//! Documents as the rows have them.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use chrono::{DateTime, Utc};
use search::{AttributeValue, Document, Price, Status};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgPool, Row as _};

const SELECT: &str = "\
SELECT p.id, p.sku, p.name, p.description, p.price_amount, p.currency, p.category, p.attributes, p.status, p.version,
    p.created_at, p.updated_at, coalesce(s.on_hand > s.reserved, false) AS in_stock,
    coalesce(u.sold - u.taken_back, 0) AS units_sold
FROM products p
LEFT JOIN stock s ON s.product_id = p.id
LEFT JOIN product_sales u ON u.product_id = p.id
WHERE p.deleted_at IS NULL AND ";

/// The documents of those of the products that have one now.
pub(super) async fn of(product_ids: &[String], pool: &PgPool) -> Result<Vec<Document>, sqlx::Error> {
    let rows = sqlx::query(&format!("{SELECT} p.id = ANY ($1)"))
        .bind(product_ids)
        .fetch_all(pool)
        .await?;
    rows.iter().map(read).collect()
}

/// The next documents in the order of their ids.
pub(super) async fn after(product_id: &str, limit: i64, pool: &PgPool) -> Result<Vec<Document>, sqlx::Error> {
    let rows = sqlx::query(&format!("{SELECT} p.id > $1 ORDER BY p.id LIMIT $2"))
        .bind(product_id)
        .bind(limit)
        .fetch_all(pool)
        .await?;
    rows.iter().map(read).collect()
}

/// How many products have a document.
pub(super) async fn count(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM products WHERE deleted_at IS NULL")
        .fetch_one(pool)
        .await
}

fn read(row: &PgRow) -> Result<Document, sqlx::Error> {
    let Json(attributes): Json<BTreeMap<String, AttributeValue>> = row.try_get("attributes")?;
    let status = match row.try_get("status")? {
        "active" => Status::Active,
        "archived" => Status::Archived,
        _ => Status::Draft,
    };
    Ok(Document {
        id: row.try_get("id")?,
        sku: row.try_get("sku")?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        category: row.try_get("category")?,
        status,
        price: Price {
            amount: row.try_get("price_amount")?,
            currency: row.try_get("currency")?,
        },
        in_stock: row.try_get("in_stock")?,
        attributes,
        created_at: row.try_get::<DateTime<Utc>, _>("created_at")?,
        updated_at: row.try_get::<DateTime<Utc>, _>("updated_at")?,
        units_sold: row.try_get("units_sold")?,
        version: row.try_get("version")?,
    })
}

/// Tells a document from another version of itself.
pub(super) fn fingerprint(document: &Document) -> u64 {
    let mut hasher = DefaultHasher::new();
    // Everything that search can see changes the version, but for these two.
    (document.version, document.in_stock, document.units_sold).hash(&mut hasher);
    hasher.finish()
}
