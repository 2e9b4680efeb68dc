//! The orders behind a number as a table for files.

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono_tz::Tz;
use files::write::{Cell, Column, Document, Kind, Paper, Row};
use proto::v1::{SalesOrder, SalesOrdersRequest};
use reads::error::Error;

use super::filter::Filter;
use super::request::{Dates, by_order_date};
use super::words;

macro_rules! columns {
    ($($name:literal $title:literal $kind:ident $paper:ident;)*) => {
        vec![$(Column { name: $name, title: $title, kind: Kind::$kind, paper: Paper::$paper }),*]
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
            "happened_at" "Happened at" Time Yes;
            "ordered_at" "Ordered at" Time No;
            "time_zone" "Time zone" Text No;
            "kind" "Kind" Text Yes;
            "order_number" "Order" Text Yes;
            "order_id" "Order id" Text No;
            "credit_id" "Credit" Text Yes;
            "customer" "Customer id" Text No;
            "customer_label" "Customer" Text Yes;
            "customer_type" "Type" Text Yes;
            "country" "Country" Text Yes;
            "currency" "Currency" Text Yes;
            "orders" "Orders" Number No;
            "units" "Units" Number Yes;
            "gross" "Gross sales" Money Yes;
            "discounts" "Discounts" Money Said;
            "credits" "Returns" Money Said;
            "credited_units" "Returned units" Number No;
            "net_units" "Net units" Number No;
            "net" "Net sales" Money Yes;
            "tax" "Tax" Money Said;
            "total" "Total sales" Money Yes;
        },
        ..Document::default()
    })
}

pub(super) fn row(order: SalesOrder, zone: Tz) -> Row {
    let net = order
        .gross
        .saturating_sub(order.discounts)
        .saturating_sub(order.credits);
    let text = |text: String| if text.is_empty() { Cell::Empty } else { Cell::Text(text) };
    let time = |micros| {
        let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
        Cell::Time(time.with_timezone(&zone).fixed_offset())
    };
    Row {
        cells: vec![
            time(order.happened_at_micros),
            time(order.ordered_at_micros),
            Cell::Text(zone.name().to_owned()),
            Cell::Text(order.kind),
            text(order.order_number),
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
            Cell::Number(order.units.saturating_sub(order.credited_units)),
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
            let mut row = row(SalesOrder { currency, ..sum }, Tz::UTC);
            row.cells.splice(
                0..4,
                [Cell::Text("Total".to_owned()), Cell::Empty, Cell::Empty, Cell::Empty],
            );
            row
        };
        self.0.into_iter().map(total).collect()
    }
}
