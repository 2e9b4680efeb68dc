//! Documents as the rows have them.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher as _};

use chrono::{DateTime, Utc};
use search::{AttributeValue, Document, Price, Status};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool, Row as _};

use crate::cursor;

/// The documents of `source`, which is products by `p`. By keys alone: [`cursor::begin`].
fn select(source: &str) -> String {
    format!(
        "SELECT p.id, p.sku, p.name, p.description, p.price_amount, p.currency, p.category, p.attributes, p.status, p.version,
             p.created_at, p.updated_at, coalesce(s.on_hand > s.reserved, false) AS in_stock, coalesce(u.units, 0) AS units_sold
         FROM {source}
         LEFT JOIN LATERAL (
             SELECT on_hand, reserved FROM stock WHERE product_id BETWEEN p.id AND p.id ORDER BY product_id) s ON true
         LEFT JOIN LATERAL (
             SELECT units FROM search_sold WHERE product_id BETWEEN p.id AND p.id ORDER BY product_id) u ON true"
    )
}

/// The documents of those of the products that have one now, within a transaction of [`cursor::begin`].
pub(super) async fn of(product_ids: &[String], connection: &mut PgConnection) -> Result<Vec<Document>, sqlx::Error> {
    let statement = select(
        "unnest($1::text[]) AS k (id) CROSS JOIN LATERAL (
             SELECT * FROM products WHERE id BETWEEN k.id AND k.id AND deleted_at IS NULL ORDER BY id) p",
    );
    let rows = sqlx::query(&statement).bind(product_ids).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// The next documents in the order of their ids.
pub(super) async fn after(product_id: &str, limit: i64, pool: &PgPool) -> Result<Vec<Document>, sqlx::Error> {
    let source = "(SELECT * FROM products WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT $2) p";
    let statement = format!("{} ORDER BY p.id", select(source));
    let mut tx = cursor::begin(pool).await?;
    let rows = sqlx::query(&statement)
        .bind(product_id)
        .bind(limit)
        .fetch_all(&mut *tx)
        .await?;
    tx.commit().await?;
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

/// Documents that an engine was given: what tells each from another version of itself. Small, because there may be millions.
#[derive(Debug, Default)]
pub(super) struct SentDocuments(HashMap<u64, u64>);

impl SentDocuments {
    /// Whether the engine has the document as it is.
    pub(super) fn has(&self, document: &Document) -> bool {
        self.0.get(&key(&document.id)) == Some(&fingerprint(document))
    }

    pub(super) fn insert(&mut self, document: &Document) {
        self.0.insert(key(&document.id), fingerprint(document));
    }

    pub(super) fn remove(&mut self, product_id: &str) {
        self.0.remove(&key(product_id));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

fn key(product_id: &str) -> u64 {
    hashed(product_id)
}

/// Everything that search can see of a product changes its version, but for two things.
fn fingerprint(document: &Document) -> u64 {
    hashed(&(document.version, document.in_stock, document.units_sold))
}

fn hashed(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
