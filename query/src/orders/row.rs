//! An order as its read model holds it.

use chrono::{DateTime, Utc};
use proto::v1::{self, LineKind, Order, OrderLine, OrderStatus};
use serde::Deserialize;
use sqlx::postgres::PgRow;
use sqlx::types::Json;

use crate::cells::Cells;
use crate::error::Error;

macro_rules! columns {
    () => {
        "id, number, status, customer_id, customer_reference, country, currency, total, credited, lines, placed_at,
    cancelled_at, cancel_reason, source, external_id, version, updated_at"
    };
}

/// Selects an [`OrderRow`]; a condition follows.
pub(super) const SELECT: &str = concat!("SELECT ", columns!(), "\nFROM orders\nWHERE ");

pub(crate) struct OrderRow {
    /// Imported orders have none.
    pub(super) number: Option<i64>,
    pub(super) placed_at: DateTime<Utc>,
    order: Order,
}

impl OrderRow {
    /// What [`OrderRow::read`] takes.
    pub(crate) const COLUMNS: &str = columns!();

    pub(crate) fn read(row: &PgRow) -> Result<Self, Error> {
        let cells = Cells::new("orders", row, "id");
        let text = |column| cells.get::<Option<String>>(column).map(Option::unwrap_or_default);
        let number: Option<i64> = cells.get("number")?;
        let placed_at: DateTime<Utc> = cells.get("placed_at")?;
        let cancelled_at: Option<DateTime<Utc>> = cells.get("cancelled_at")?;
        let updated_at: DateTime<Utc> = cells.get("updated_at")?;
        let Json(lines) = cells.get::<Json<Vec<Line>>>("lines")?;
        let order = Order {
            id: cells.get("id")?,
            number: u64::try_from(number.unwrap_or_default())
                .map_err(|_| cells.damaged("number", "a number from 0 on"))?,
            status: status(&cells)?.into(),
            customer_id: text("customer_id")?,
            customer_reference: text("customer_reference")?,
            country: text("country")?,
            currency: cells.get("currency")?,
            lines: lines.into_iter().map(Into::into).collect(),
            total: cells.get("total")?,
            credited: cells.get("credited")?,
            placed_at_micros: placed_at.timestamp_micros(),
            cancelled_at_micros: cancelled_at.map(|time| time.timestamp_micros()),
            cancel_reason: text("cancel_reason")?,
            source: text("source")?,
            external_id: text("external_id")?,
            version: cells.count("version")?,
            updated_at_micros: updated_at.timestamp_micros(),
        };
        Ok(Self {
            number,
            placed_at,
            order,
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.order.id
    }

    pub(super) fn currency(&self) -> &str {
        &self.order.currency
    }

    pub(super) fn total(&self) -> i64 {
        self.order.total
    }

    pub(super) fn customer_id(&self) -> &str {
        &self.order.customer_id
    }
}

impl From<OrderRow> for Order {
    fn from(row: OrderRow) -> Self {
        row.order
    }
}

fn status(cells: &Cells<'_>) -> Result<OrderStatus, Error> {
    match cells.get::<&str>("status")? {
        "pending" => Ok(OrderStatus::Pending),
        "confirmed" => Ok(OrderStatus::Confirmed),
        "completed" => Ok(OrderStatus::Completed),
        "cancelled" => Ok(OrderStatus::Cancelled),
        "expired" => Ok(OrderStatus::Expired),
        _ => Err(cells.damaged("status", "an order's status")),
    }
}

/// The status as the read model writes it; `None` for none.
pub(super) fn status_name(status: OrderStatus) -> Option<&'static str> {
    match status {
        OrderStatus::Unspecified => None,
        OrderStatus::Pending => Some("pending"),
        OrderStatus::Confirmed => Some("confirmed"),
        OrderStatus::Completed => Some("completed"),
        OrderStatus::Cancelled => Some("cancelled"),
        OrderStatus::Expired => Some("expired"),
    }
}

/// An element of `lines`.
#[derive(Deserialize)]
struct Line {
    kind: Kind,
    product_id: Option<String>,
    sku: String,
    name: String,
    category: String,
    quantity: i64,
    unit_price: i64,
    total: i64,
    #[serde(default)]
    discount: i64,
    #[serde(default)]
    discounts: Vec<Discount>,
    #[serde(default)]
    tax: i64,
}

#[derive(Deserialize)]
struct Discount {
    amount: i64,
    kind: DiscountKind,
    #[serde(default)]
    code: String,
    #[serde(default)]
    campaign: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum DiscountKind {
    Line,
    Order,
    Loyalty,
    Coupon,
}

impl From<Discount> for v1::Discount {
    fn from(discount: Discount) -> Self {
        let kind = match discount.kind {
            DiscountKind::Line => v1::DiscountKind::Line,
            DiscountKind::Order => v1::DiscountKind::Order,
            DiscountKind::Loyalty => v1::DiscountKind::Loyalty,
            DiscountKind::Coupon => v1::DiscountKind::Coupon,
        };
        Self {
            amount: discount.amount,
            kind: kind.into(),
            code: discount.code,
            campaign: discount.campaign,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Product,
    Fee,
    Adjustment,
}

impl From<Line> for OrderLine {
    fn from(line: Line) -> Self {
        let kind = match line.kind {
            Kind::Product => LineKind::Product,
            Kind::Fee => LineKind::Fee,
            Kind::Adjustment => LineKind::Adjustment,
        };
        Self {
            kind: kind.into(),
            product_id: line.product_id.unwrap_or_default(),
            sku: line.sku,
            name: line.name,
            category: line.category,
            quantity: line.quantity,
            unit_price: line.unit_price,
            total: line.total,
            discount: line.discount,
            discounts: line.discounts.into_iter().map(Into::into).collect(),
            tax: line.tax,
        }
    }
}
