use chrono::{DateTime, SubsecRound, Utc};
use domain::order::{Discount, ImportedLine, ImportedOrder, LineKind, OrderEvent, OrderLine, OrderStatus, PlacedOrder};
use eventstore::Recorded;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::keyed::{Keyed, sequence};
use crate::row::{Row, Sink};
use crate::table::{Column, Index, Table, Type};

/// An order, placed here or imported.
#[derive(Serialize, Deserialize)]
pub(crate) struct OrderRow {
    id: String,
    number: Option<i64>,
    status: String,
    customer_id: Option<String>,
    customer_reference: Option<String>,
    country: Option<String>,
    currency: String,
    total: i64,
    credited: i64,
    lines: String,
    product_ids: Vec<String>,
    placed_at: DateTime<Utc>,
    cancelled_at: Option<DateTime<Utc>>,
    cancel_reason: Option<String>,
    source: Option<String>,
    external_id: Option<String>,
    version: i64,
    updated_at: DateTime<Utc>,
}

impl Row for OrderRow {
    const TABLE: &'static Table = &Table {
        view: "orders",
        columns: &[
            Column::new("id", Type::Key),
            Column::new("number", Type::BigInt).nullable(),
            Column::new("status", Type::Key),
            Column::new("customer_id", Type::Key).nullable(),
            Column::new("customer_reference", Type::Key).nullable(),
            Column::new("country", Type::Key).nullable(),
            Column::new("currency", Type::Key),
            Column::new("total", Type::BigInt),
            Column::new("credited", Type::BigInt),
            Column::new("lines", Type::Json),
            Column::new("product_ids", Type::Keys),
            Column::new("placed_at", Type::Time),
            Column::new("cancelled_at", Type::Time).nullable(),
            Column::new("cancel_reason", Type::Text).nullable(),
            Column::new("source", Type::Key).nullable(),
            Column::new("external_id", Type::Key).nullable(),
            Column::new("version", Type::BigInt),
            Column::new("updated_at", Type::Time),
        ],
        key: "id",
        indexes: &[
            Index {
                suffix: "placed",
                definition: "(placed_at, id)",
            },
            Index {
                suffix: "number",
                definition: "(number)",
            },
            Index {
                suffix: "customer",
                definition: "(customer_id, placed_at, id)",
            },
            // A short pending list: whoever fills it up must sort it in, and readers wait for that transaction's rows.
            Index {
                suffix: "products",
                definition: "USING gin (product_ids) WITH (gin_pending_list_limit = 256)",
            },
        ],
        fillfactor: 95,
    };

    fn write(&self, sink: &mut impl Sink) {
        sink.text(Some(&self.id));
        sink.bigint(self.number);
        sink.text(Some(&self.status));
        sink.text(self.customer_id.as_deref());
        sink.text(self.customer_reference.as_deref());
        sink.text(self.country.as_deref());
        sink.text(Some(&self.currency));
        sink.bigint(Some(self.total));
        sink.bigint(Some(self.credited));
        sink.json(&self.lines);
        sink.texts(&self.product_ids);
        sink.time(Some(self.placed_at));
        sink.time(self.cancelled_at);
        sink.text(self.cancel_reason.as_deref());
        sink.text(self.source.as_deref());
        sink.text(self.external_id.as_deref());
        sink.bigint(Some(self.version));
        sink.time(Some(self.updated_at));
    }

    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            number: row.try_get("number")?,
            status: row.try_get("status")?,
            customer_id: row.try_get("customer_id")?,
            customer_reference: row.try_get("customer_reference")?,
            country: row.try_get("country")?,
            currency: row.try_get("currency")?,
            total: row.try_get("total")?,
            credited: row.try_get("credited")?,
            lines: row.try_get("lines")?,
            product_ids: row.try_get("product_ids")?,
            placed_at: row.try_get("placed_at")?,
            cancelled_at: row.try_get("cancelled_at")?,
            cancel_reason: row.try_get("cancel_reason")?,
            source: row.try_get("source")?,
            external_id: row.try_get("external_id")?,
            version: row.try_get("version")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

impl Keyed for OrderRow {
    type Event = OrderEvent;

    fn evolve(row: Option<Self>, event: OrderEvent, recorded: &Recorded) -> Option<Self> {
        let mut row = match event {
            OrderEvent::OrderPlaced(placed) => return Some(Self::placed(&placed, recorded)),
            OrderEvent::OrderImported(imported) => return Some(Self::imported(&imported, recorded)),
            // It was never an order: there is nothing to show.
            OrderEvent::OrderAbandoned { .. } => return row,
            OrderEvent::OrderCancelled(cancelled) => {
                let mut row = row?;
                OrderStatus::Cancelled.as_str().clone_into(&mut row.status);
                row.cancelled_at = Some(recorded.occurred_at);
                row.cancel_reason = Some(cancelled.reason.as_str().to_owned());
                row
            }
            OrderEvent::OrderCredited { amount, .. } => {
                let mut row = row?;
                row.credited = row.credited.saturating_add(amount);
                row
            }
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

impl OrderRow {
    fn placed(placed: &PlacedOrder, recorded: &Recorded) -> Self {
        Self {
            number: i64::try_from(placed.number).ok(),
            status: OrderStatus::Pending.as_str().to_owned(),
            customer_id: Some(placed.customer_id.to_string()),
            country: placed.country.as_ref().map(|country| country.as_str().to_owned()),
            currency: placed.currency.to_string(),
            total: placed.total,
            lines: json(placed.lines.iter().map(Line::from)),
            product_ids: distinct(placed.lines.iter().map(|line| line.product_id.to_string())),
            // What PostgreSQL keeps of a time, so that all ways into the table lead to the same value.
            placed_at: placed.placed_at.trunc_subsecs(6),
            ..Self::empty(recorded)
        }
    }

    fn imported(imported: &ImportedOrder, recorded: &Recorded) -> Self {
        let products = imported.lines.iter().filter_map(|line| line.product_id);
        Self {
            status: OrderStatus::Completed.as_str().to_owned(),
            customer_id: imported.customer_id.map(|id| id.to_string()),
            customer_reference: imported
                .customer_reference
                .as_ref()
                .map(|text| text.as_str().to_owned()),
            country: imported.country.as_ref().map(|country| country.as_str().to_owned()),
            currency: imported.currency.to_string(),
            total: imported.total,
            lines: json(imported.lines.iter().map(Line::from)),
            product_ids: distinct(products.map(|id| id.to_string())),
            source: Some(imported.source.as_str().to_owned()),
            external_id: Some(imported.external_id.as_str().to_owned()),
            ..Self::empty(recorded)
        }
    }

    fn empty(recorded: &Recorded) -> Self {
        Self {
            id: recorded.aggregate_id.to_string(),
            number: None,
            status: String::new(),
            customer_id: None,
            customer_reference: None,
            country: None,
            currency: String::new(),
            total: 0,
            credited: 0,
            lines: String::new(),
            product_ids: Vec::new(),
            placed_at: recorded.occurred_at,
            cancelled_at: None,
            cancel_reason: None,
            source: None,
            external_id: None,
            version: sequence(recorded),
            updated_at: recorded.occurred_at,
        }
    }
}

/// A line as readers get it.
#[derive(Serialize)]
struct Line<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<domain::ProductId>,
    sku: &'a str,
    name: &'a str,
    category: &'a str,
    quantity: i64,
    unit_price: i64,
    total: i64,
    #[serde(skip_serializing_if = "is_zero")]
    discount: i64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    discounts: &'a [Discount],
    #[serde(skip_serializing_if = "is_zero")]
    tax: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl<'a> From<&'a OrderLine> for Line<'a> {
    fn from(line: &'a OrderLine) -> Self {
        Self {
            kind: LineKind::Product.as_str(),
            product_id: Some(line.product_id),
            sku: line.sku.as_str(),
            name: line.name.as_str(),
            category: line.category.as_str(),
            quantity: line.quantity.get(),
            unit_price: line.unit_price,
            total: line.total,
            discount: line.discount,
            discounts: &line.discounts,
            tax: line.tax,
        }
    }
}

impl<'a> From<&'a ImportedLine> for Line<'a> {
    fn from(line: &'a ImportedLine) -> Self {
        Self {
            kind: line.kind.as_str(),
            product_id: line.product_id,
            sku: line.sku.as_str(),
            name: line.name.as_str(),
            category: line.category.as_str(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            total: line.total,
            discount: line.discount,
            discounts: &line.discounts,
            tax: line.tax,
        }
    }
}

fn json<'a>(lines: impl Iterator<Item = Line<'a>>) -> String {
    // Texts and numbers only: this cannot fail.
    serde_json::to_string(&lines.collect::<Vec<_>>()).unwrap_or_default()
}

fn distinct(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
