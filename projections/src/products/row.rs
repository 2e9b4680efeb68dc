use chrono::{DateTime, Utc};
use domain::product::{ProductEvent, ProductStatus};
use domain::{Attributes, Price};
use eventstore::Recorded;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::keyed::{Keyed, sequence};
use crate::row::{Row, Sink};
use crate::table::{Column, Index, Table, Type};

/// A product, deleted ones included.
#[derive(Serialize, Deserialize)]
pub(crate) struct ProductRow {
    id: String,
    sku: String,
    name: String,
    description: String,
    price_amount: i64,
    currency: String,
    category: String,
    attributes: Attributes,
    status: String,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    deleted_at: Option<DateTime<Utc>>,
}

impl Row for ProductRow {
    const TABLE: &'static Table = &Table {
        view: "products",
        columns: &[
            Column::new("id", Type::Key),
            Column::new("sku", Type::Key),
            Column::new("name", Type::Text),
            Column::new("name_key", Type::Key),
            Column::new("description", Type::Text),
            Column::new("price_amount", Type::BigInt),
            Column::new("currency", Type::Key),
            Column::new("category", Type::Key),
            Column::new("attributes", Type::Json),
            Column::new("status", Type::Key),
            Column::new("version", Type::BigInt),
            Column::new("created_at", Type::Time),
            Column::new("updated_at", Type::Time),
            Column::new("deleted_at", Type::Time).nullable(),
        ],
        key: "id",
        indexes: &[
            Index {
                suffix: "sku",
                definition: "(sku, id)",
            },
            Index {
                suffix: "created",
                definition: "(created_at, id)",
            },
            Index {
                suffix: "updated",
                definition: "(updated_at, id)",
            },
            Index {
                suffix: "name",
                definition: "(name_key, id)",
            },
            Index {
                suffix: "category",
                definition: "(category, id)",
            },
            Index {
                suffix: "currency_price",
                definition: "(currency, price_amount, id)",
            },
            Index {
                suffix: "attributes",
                definition: "USING gin (attributes jsonb_path_ops)",
            },
        ],
        fillfactor: 80,
    };

    fn write(&self, sink: &mut impl Sink) {
        sink.text(Some(&self.id));
        sink.text(Some(&self.sku));
        sink.text(Some(&self.name));
        sink.text(Some(&search::sort_key(&self.name)));
        sink.text(Some(&self.description));
        sink.bigint(Some(self.price_amount));
        sink.text(Some(&self.currency));
        sink.text(Some(&self.category));
        // Keys are texts and numbers are finite: this cannot fail.
        sink.json(&serde_json::to_string(&self.attributes).unwrap_or_default());
        sink.text(Some(&self.status));
        sink.bigint(Some(self.version));
        sink.time(Some(self.created_at));
        sink.time(Some(self.updated_at));
        sink.time(self.deleted_at);
    }

    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        let attributes: &str = row.try_get("attributes")?;
        Ok(Self {
            id: row.try_get("id")?,
            sku: row.try_get("sku")?,
            name: row.try_get("name")?,
            description: row.try_get("description")?,
            price_amount: row.try_get("price_amount")?,
            currency: row.try_get("currency")?,
            category: row.try_get("category")?,
            attributes: serde_json::from_str(attributes).map_err(|error| sqlx::Error::Decode(error.into()))?,
            status: row.try_get("status")?,
            version: row.try_get("version")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            deleted_at: row.try_get("deleted_at")?,
        })
    }
}

impl Keyed for ProductRow {
    type Event = ProductEvent;

    fn evolve(row: Option<Self>, event: ProductEvent, recorded: &Recorded) -> Option<Self> {
        let mut row = match event {
            ProductEvent::ProductCreated(created) => {
                let mut row = Self {
                    id: created.product_id.to_string(),
                    sku: created.sku.as_str().to_owned(),
                    name: created.name.as_str().to_owned(),
                    description: created.description.as_str().to_owned(),
                    price_amount: 0,
                    currency: String::new(),
                    category: created.category.as_str().to_owned(),
                    attributes: created.attributes,
                    status: created.status.as_str().to_owned(),
                    version: sequence(recorded),
                    created_at: recorded.occurred_at,
                    updated_at: recorded.occurred_at,
                    deleted_at: None,
                };
                if let Some(price) = created.price {
                    row.set_price(price);
                }
                return Some(row);
            }
            ref later => row?.change(later, recorded),
        };
        row.version = sequence(recorded);
        row.updated_at = recorded.occurred_at;
        Some(row)
    }

    fn key(&self) -> &str {
        &self.id
    }

    fn version(&self) -> i64 {
        self.version
    }
}

impl ProductRow {
    fn change(mut self, event: &ProductEvent, recorded: &Recorded) -> Self {
        match event {
            ProductEvent::ProductCreated(_) => {}
            ProductEvent::ProductUpdated(updated) => {
                replace(&mut self.sku, updated.sku.as_ref().map(domain::Sku::as_str));
                replace(&mut self.name, updated.name.as_ref().map(domain::ProductName::as_str));
                replace(
                    &mut self.description,
                    updated.description.as_ref().map(domain::Description::as_str),
                );
                replace(
                    &mut self.category,
                    updated.category.as_ref().map(domain::CategoryPath::as_str),
                );
                for key in &updated.removed_attributes {
                    self.attributes.remove(key);
                }
                self.attributes.extend(updated.set_attributes.clone());
            }
            ProductEvent::ProductPriceChanged { to, .. } => self.set_price(*to),
            ProductEvent::ProductPublished {} => self.set_status(ProductStatus::Active),
            ProductEvent::ProductArchived {} => self.set_status(ProductStatus::Archived),
            ProductEvent::ProductDeleted {} => self.deleted_at = Some(recorded.occurred_at),
            ProductEvent::ProductRestored {} => self.deleted_at = None,
        }
        self
    }

    fn set_price(&mut self, price: Price) {
        self.price_amount = price.amount();
        self.currency = price.currency().to_string();
    }

    fn set_status(&mut self, status: ProductStatus) {
        status.as_str().clone_into(&mut self.status);
    }
}

fn replace(field: &mut String, value: Option<&str>) {
    if let Some(value) = value {
        value.clone_into(field);
    }
}
