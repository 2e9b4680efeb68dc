//! The orders behind a number as a table for files.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};
use proto::v1::{SalesOrder, SalesOrdersRequest};

use super::request::{Dates, Filter, by_order_date};
use super::words;
use crate::error::Error;
use crate::render::{Cell, Column, Document, Kind, Row};

macro_rules! columns {
    ($($name:literal $title:literal $kind:ident $width:literal;)*) => {
        vec![$(Column { name: $name, title: $title, kind: Kind::$kind, width: $width }),*]
    };
}

pub(super) fn document(request: &SalesOrdersRequest) -> Result<Document, Error> {
    let dates = Dates::new(&request.from, &request.to, &request.time_zone)?;
    let filter = Filter::new(request.filter.as_ref(), &request.currency)?;
    let mut notes = vec![words::convention(by_order_date(request.credits_by)?).to_owned()];
    notes.extend(words::filter(&filter));
    if !request.measure.is_empty() {
        notes.push(format!("Only what adds to {}.", request.measure.replace('_', " ")));
    }
    Ok(Document {
        title: "Orders and credits behind the sales".to_owned(),
        period: words::period(dates),
        notes,
        columns: columns! {
            "happened_at" "Happened at" Text 15;
            "ordered_at" "Ordered at" Text 0;
            "kind" "Kind" Text 8;
            "order_id" "Order" Text 28;
            "credit_id" "Credit" Text 20;
            "customer" "Customer id" Text 0;
            "customer_label" "Customer" Text 14;
            "customer_type" "Type" Text 7;
            "country" "Country" Text 10;
            "currency" "Currency" Text 6;
            "orders" "Orders" Number 0;
            "units" "Units" Number 1;
            "gross" "Gross sales" Money 1;
            "discounts" "Discounts" Money 1;
            "credits" "Returns" Money 1;
            "credited_units" "Returned units" Number 0;
            "net" "Net sales" Money 1;
            "tax" "Tax" Money 1;
            "total" "Total sales" Money 1;
        },
        ..Document::default()
    })
}

fn time(micros: i64) -> Cell {
    let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    Cell::Text(time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

pub(super) fn row(order: SalesOrder) -> Row {
    let net = order
        .gross
        .saturating_sub(order.discounts)
        .saturating_sub(order.credits);
    let text = |text: String| if text.is_empty() { Cell::Empty } else { Cell::Text(text) };
    Row {
        cells: vec![
            time(order.happened_at_micros),
            time(order.ordered_at_micros),
            Cell::Text(order.kind),
            text(order.order_id),
            text(order.credit_id),
            text(order.customer),
            text(order.customer_label),
            Cell::Text(order.customer_type),
            text(order.country),
            Cell::Text(order.currency.clone()),
            Cell::Number(order.orders),
            Cell::Number(order.units),
            Cell::Number(order.gross),
            Cell::Number(order.discounts),
            Cell::Number(order.credits),
            Cell::Number(order.credited_units),
            Cell::Number(net),
            Cell::Number(order.tax),
            Cell::Number(net.saturating_add(order.tax)),
        ],
        currency: order.currency,
    }
}

/// The sums of all rows so far, by currency.
#[derive(Default)]
pub(super) struct Totals(BTreeMap<String, SalesOrder>);

impl Totals {
    pub(super) fn add(&mut self, order: &SalesOrder) {
        let sum = self.0.entry(order.currency.clone()).or_default();
        for (sum, more) in [
            (&mut sum.orders, order.orders),
            (&mut sum.units, order.units),
            (&mut sum.gross, order.gross),
            (&mut sum.discounts, order.discounts),
            (&mut sum.credits, order.credits),
            (&mut sum.credited_units, order.credited_units),
            (&mut sum.tax, order.tax),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    pub(super) fn into_rows(self) -> Vec<Row> {
        let total = |(currency, sum): (String, SalesOrder)| {
            let mut row = row(SalesOrder { currency, ..sum });
            row.cells
                .splice(0..3, [Cell::Text("Total".to_owned()), Cell::Empty, Cell::Empty]);
            row
        };
        self.0.into_iter().map(total).collect()
    }
}
