//! A product as the read models hold it.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use proto::v1::attribute_value::Value as Attribute;
use proto::v1::{AttributeValue, Money, Product, ProductStatus};
use rows::{Json, ReadRow as _, Row as _};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::cells::Cells;
use crate::error::Error;
use crate::row::{Word as _, bad};
use crate::stock::level;

/// Selects a [`ProductRow`]; a condition follows. Stock is joined by its primary key.
pub(super) static SELECT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {}
FROM products p LEFT JOIN stock s ON s.product_id = p.id
WHERE ",
        ProductRow::columns()
    )
});

/// [`SELECT`] with the units sold.
pub(super) static SELECT_WITH_SALES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {}, coalesce(u.sold - u.taken_back, 0) AS units_sold
FROM products p LEFT JOIN stock s ON s.product_id = p.id LEFT JOIN product_sales u ON u.product_id = p.id
WHERE ",
        ProductRow::columns()
    )
});

type Stored = rows::ProductRow<Json<HashMap<String, serde_json::Value>>>;

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
    pub(crate) fn columns() -> String {
        format!("{}, {}", Stored::TABLE.shown("p."), level::COLUMNS)
    }

    pub(crate) fn read(row: &PgRow) -> Result<Self, Error> {
        let cells = Cells::new(Stored::TABLE.view, row, "id");
        let stored = Stored::shown(row).map_err(bad)?;
        let status = ProductStatus::of(&stored.status);
        let product = Product {
            id: stored.id,
            sku: stored.sku,
            name: stored.name,
            description: stored.description,
            // A draft may have no price yet.
            price: (!stored.currency.is_empty()).then_some(Money {
                amount: stored.price_amount,
                currency: stored.currency,
            }),
            category: stored.category,
            attributes: attributes(stored.attributes.0)
                .ok_or_else(|| cells.damaged("attributes", "strings, numbers and booleans"))?,
            status: status
                .ok_or_else(|| cells.damaged("status", "a product's status"))?
                .into(),
            version: stored.version,
            stock: Some(level::read(&cells)?),
            created_at_micros: stored.created_at.timestamp_micros(),
            updated_at_micros: stored.updated_at.timestamp_micros(),
            deleted_at_micros: stored.deleted_at.map(|time| time.timestamp_micros()),
        };
        Ok(Self {
            created_at: stored.created_at,
            updated_at: stored.updated_at,
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

/// `None`: a value is none that attributes have.
fn attributes(attributes: HashMap<String, serde_json::Value>) -> Option<HashMap<String, AttributeValue>> {
    let known = attributes.into_iter().map(|(key, value)| {
        let value = Some(attribute(value)?);
        Some((key, AttributeValue { value }))
    });
    known.collect()
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
