//! A product as the read models hold it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use proto::v1::attribute_value::Value as Attribute;
use proto::v1::{AttributeValue, Money, Product, ProductStatus, StockLevel};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::types::Json;

use crate::cells::Cells;
use crate::error::Error;

macro_rules! columns {
    () => {
        "p.id, p.sku, p.name, p.description, p.price_amount, p.currency, p.category, p.attributes, p.status, p.version,
    p.created_at, p.updated_at, p.deleted_at,
    coalesce(s.on_hand, 0) AS on_hand, coalesce(s.reserved, 0) AS reserved, coalesce(s.version, 0) AS stock_version"
    };
}

/// Selects a [`ProductRow`]; a condition follows. Stock is joined by its primary key.
pub(super) const SELECT: &str = concat!(
    "SELECT ",
    columns!(),
    "
FROM products p LEFT JOIN stock s ON s.product_id = p.id
WHERE "
);

/// [`SELECT`] with the units sold.
pub(super) const SELECT_WITH_SALES: &str = "\
SELECT p.id, p.sku, p.name, p.description, p.price_amount, p.currency, p.category, p.attributes, p.status, p.version,
    p.created_at, p.updated_at, p.deleted_at,
    coalesce(s.on_hand, 0) AS on_hand, coalesce(s.reserved, 0) AS reserved, coalesce(s.version, 0) AS stock_version,
    coalesce(u.sold - u.taken_back, 0) AS units_sold
FROM products p LEFT JOIN stock s ON s.product_id = p.id LEFT JOIN product_sales u ON u.product_id = p.id
WHERE ";

/// A product with its stock; zeros when it never had any.
pub(crate) struct ProductRow {
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    /// 0 unless it was selected with sales.
    pub(super) units_sold: i64,
    product: Product,
}

impl ProductRow {
    /// What [`ProductRow::read`] takes, from a product `p` and its stock `s`.
    pub(crate) const COLUMNS: &str = columns!();

    pub(crate) fn read(row: &PgRow) -> Result<Self, Error> {
        let cells = Cells::new("products", row, "id");
        let created_at: DateTime<Utc> = cells.get("created_at")?;
        let updated_at: DateTime<Utc> = cells.get("updated_at")?;
        let deleted_at: Option<DateTime<Utc>> = cells.get("deleted_at")?;
        let on_hand: i64 = cells.get("on_hand")?;
        let reserved: i64 = cells.get("reserved")?;
        let currency: String = cells.get("currency")?;
        let amount = cells.get("price_amount")?;
        let product = Product {
            id: cells.get("id")?,
            sku: cells.get("sku")?,
            name: cells.get("name")?,
            description: cells.get("description")?,
            // A draft may have no price yet.
            price: (!currency.is_empty()).then_some(Money { amount, currency }),
            category: cells.get("category")?,
            attributes: attributes(&cells)?,
            status: status(&cells)?.into(),
            version: cells.count("version")?,
            stock: Some(StockLevel {
                on_hand,
                reserved,
                available: on_hand.saturating_sub(reserved),
                version: cells.count("stock_version")?,
            }),
            created_at_micros: created_at.timestamp_micros(),
            updated_at_micros: updated_at.timestamp_micros(),
            deleted_at_micros: deleted_at.map(|time| time.timestamp_micros()),
        };
        Ok(Self {
            created_at,
            updated_at,
            units_sold: row.try_get("units_sold").unwrap_or_default(),
            product,
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.product.id
    }

    pub(super) fn sku(&self) -> &str {
        &self.product.sku
    }

    pub(super) fn name(&self) -> &str {
        &self.product.name
    }

    pub(super) fn currency(&self) -> &str {
        self.product.price.as_ref().map_or("", |price| &price.currency)
    }

    pub(super) fn price(&self) -> i64 {
        self.product.price.as_ref().map_or(0, |price| price.amount)
    }

    /// True for what only the shop's own people see.
    pub(crate) fn is_hidden(&self) -> bool {
        self.product.status() != ProductStatus::Active || self.product.deleted_at_micros.is_some()
    }
}

impl From<ProductRow> for Product {
    fn from(row: ProductRow) -> Self {
        row.product
    }
}

fn status(cells: &Cells<'_>) -> Result<ProductStatus, Error> {
    match cells.get::<&str>("status")? {
        "draft" => Ok(ProductStatus::Draft),
        "active" => Ok(ProductStatus::Active),
        "archived" => Ok(ProductStatus::Archived),
        _ => Err(cells.damaged("status", "a product's status")),
    }
}

/// The status as the read model writes it; `None` for none.
pub(crate) fn status_name(status: ProductStatus) -> Option<&'static str> {
    match status {
        ProductStatus::Unspecified => None,
        ProductStatus::Draft => Some("draft"),
        ProductStatus::Active => Some("active"),
        ProductStatus::Archived => Some("archived"),
    }
}

fn attributes(cells: &Cells<'_>) -> Result<HashMap<String, AttributeValue>, Error> {
    let Json(attributes) = cells.get::<Json<HashMap<String, serde_json::Value>>>("attributes")?;
    attributes
        .into_iter()
        .map(|(key, value)| {
            let value = attribute(value).ok_or_else(|| cells.damaged("attributes", "strings, numbers and booleans"))?;
            Ok((key, AttributeValue { value: Some(value) }))
        })
        .collect()
}

fn attribute(value: serde_json::Value) -> Option<Attribute> {
    match value {
        serde_json::Value::String(text) => Some(Attribute::Text(text)),
        serde_json::Value::Bool(truth) => Some(Attribute::Boolean(truth)),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => Some(Attribute::Integer(integer)),
            None => number.as_f64().map(Attribute::Number),
        },
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    }
}
