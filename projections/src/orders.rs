//! Orders with their lines, as they stand.

use std::borrow::Cow;

use chrono::SubsecRound;
use domain::order::{ImportedLine, ImportedOrder, LineKind, OrderEvent, OrderLine, OrderStatus, PlacedOrder};
use eventstore::Recorded;
pub(crate) use rows::OrderRow;
use rows::{Discount, Line, Lines};

use crate::keyed::Keyed;

impl Keyed for OrderRow {
    const CODE_VERSION: i32 = 1;
    const AGGREGATE_TYPE: &'static str = "order";

    type Event = OrderEvent;

    fn evolve(row: Option<Self>, event: OrderEvent, recorded: &Recorded) -> Option<Self> {
        let mut row = match event {
            OrderEvent::OrderPlaced(placed) => return Some(placed_row(&placed, recorded)),
            OrderEvent::OrderImported(imported) => return Some(imported_row(&imported, recorded)),
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
        row.version = recorded.sequence;
        row.updated_at = recorded.occurred_at;
        Some(row)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

fn placed_row(placed: &PlacedOrder, recorded: &Recorded) -> OrderRow {
    OrderRow {
        number: Some(placed.number),
        status: OrderStatus::Pending.as_str().to_owned(),
        customer_id: Some(placed.customer_id.to_string()),
        country: placed.country.as_ref().map(|country| country.as_str().to_owned()),
        currency: placed.currency.to_string(),
        total: placed.total,
        lines: Lines::of(placed.lines.iter().map(placed_line)),
        product_ids: distinct(placed.lines.iter().map(|line| line.product_id.to_string())),
        // What PostgreSQL keeps of a time, so that all ways into the table lead to the same value.
        placed_at: placed.placed_at.trunc_subsecs(6),
        ..empty(recorded)
    }
}

fn imported_row(imported: &ImportedOrder, recorded: &Recorded) -> OrderRow {
    let products = imported.lines.iter().filter_map(|line| line.product_id);
    OrderRow {
        status: OrderStatus::Completed.as_str().to_owned(),
        customer_id: imported.customer_id.map(|id| id.to_string()),
        customer_reference: imported
            .customer_reference
            .as_ref()
            .map(|text| text.as_str().to_owned()),
        country: imported.country.as_ref().map(|country| country.as_str().to_owned()),
        currency: imported.currency.to_string(),
        total: imported.total,
        lines: Lines::of(imported.lines.iter().map(imported_line)),
        product_ids: distinct(products.map(|id| id.to_string())),
        source: Some(imported.source.as_str().to_owned()),
        external_id: Some(imported.external_id.as_str().to_owned()),
        ..empty(recorded)
    }
}

fn empty(recorded: &Recorded) -> OrderRow {
    OrderRow {
        id: recorded.aggregate_id.to_string(),
        number: None,
        status: String::new(),
        customer_id: None,
        customer_reference: None,
        country: None,
        currency: String::new(),
        total: 0,
        credited: 0,
        lines: Lines::default(),
        product_ids: Vec::new(),
        placed_at: recorded.occurred_at,
        cancelled_at: None,
        cancel_reason: None,
        source: None,
        external_id: None,
        version: recorded.sequence,
        updated_at: recorded.occurred_at,
    }
}

macro_rules! line_of {
    ($line:ident, $kind:expr, $product_id:expr, $quantity:expr) => {
        Line {
            kind: $kind.as_str(),
            product_id: $product_id.map(|id| id.to_string().into()),
            sku: $line.sku.as_str().into(),
            name: $line.name.as_str().into(),
            category: $line.category.as_str().into(),
            quantity: $quantity,
            unit_price: $line.unit_price,
            total: $line.total,
            discount: $line.discount,
            discounts: $line.discounts.iter().map(discount).collect(),
            tax: $line.tax,
        }
    };
}

fn placed_line(line: &OrderLine) -> Line<'_> {
    line_of!(line, LineKind::Product, Some(line.product_id), line.quantity.get())
}

fn imported_line(line: &ImportedLine) -> Line<'_> {
    line_of!(line, line.kind, line.product_id, line.quantity)
}

fn discount(discount: &domain::order::Discount) -> Discount<'_> {
    Discount {
        amount: discount.amount,
        kind: discount.kind.as_str(),
        code: discount.code.as_ref().map(|code| Cow::from(code.as_str())),
        campaign: discount.campaign.as_ref().map(|campaign| Cow::from(campaign.as_str())),
    }
}

fn distinct(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
