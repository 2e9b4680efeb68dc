//! An order as its read model holds it.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use proto::v1::{self, LineKind, Order, OrderLine, OrderStatus};
use rows::{Line, ReadRow as _, Row as _};
use sqlx::postgres::PgRow;

use crate::error::Error;
use crate::row::{Word, bad};

/// Selects an [`OrderRow`]; a condition follows.
pub(super) static SELECT: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {}\nFROM orders\nWHERE ", OrderRow::columns()));

pub(crate) struct OrderRow {
    /// Imported orders have none.
    pub(super) number: Option<i64>,
    pub(super) placed_at: DateTime<Utc>,
    order: Order,
}

impl OrderRow {
    /// What [`OrderRow::read`] takes.
    pub(crate) fn columns() -> String {
        rows::OrderRow::TABLE.shown("")
    }

    pub(crate) fn read(row: &PgRow) -> Result<Self, Error> {
        let row = rows::OrderRow::shown(row).map_err(bad)?;
        let damaged = |column, expected| Error::BadRow {
            table: rows::OrderRow::TABLE.view,
            column,
            row: row.id.clone(),
            expected,
        };
        let status = OrderStatus::of(&row.status).ok_or_else(|| damaged("status", "an order's status"))?;
        let lines = row.lines.parse().ok();
        let lines = lines.and_then(|lines| lines.into_iter().map(line).collect::<Option<_>>());
        let order = Order {
            lines: lines.ok_or_else(|| damaged("lines", "an order's lines"))?,
            id: row.id,
            number: row.number.unwrap_or_default(),
            status: status.into(),
            customer_id: row.customer_id.unwrap_or_default(),
            customer_reference: row.customer_reference.unwrap_or_default(),
            country: row.country.unwrap_or_default(),
            currency: row.currency,
            total: row.total,
            credited: row.credited,
            placed_at_micros: row.placed_at.timestamp_micros(),
            cancelled_at_micros: row.cancelled_at.map(|time| time.timestamp_micros()),
            cancel_reason: row.cancel_reason.unwrap_or_default(),
            source: row.source.unwrap_or_default(),
            external_id: row.external_id.unwrap_or_default(),
            version: row.version,
            updated_at_micros: row.updated_at.timestamp_micros(),
        };
        Ok(Self {
            number: row.number.map(u64::cast_signed),
            placed_at: row.placed_at,
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

/// `None`: it is of a kind that nobody knows.
fn line(line: Line<'_>) -> Option<OrderLine> {
    Some(OrderLine {
        kind: LineKind::of(line.kind)?.into(),
        product_id: text(line.product_id),
        sku: line.sku.into_owned(),
        name: line.name.into_owned(),
        category: line.category.into_owned(),
        quantity: line.quantity,
        unit_price: line.unit_price,
        total: line.total,
        discount: line.discount,
        discounts: line.discounts.into_iter().map(discount).collect::<Option<_>>()?,
        tax: line.tax,
    })
}

fn discount(discount: rows::Discount<'_>) -> Option<v1::Discount> {
    Some(v1::Discount {
        amount: discount.amount,
        kind: v1::DiscountKind::of(discount.kind)?.into(),
        code: text(discount.code),
        campaign: text(discount.campaign),
    })
}

fn text(text: Option<Cow<'_, str>>) -> String {
    text.map(Cow::into_owned).unwrap_or_default()
}
