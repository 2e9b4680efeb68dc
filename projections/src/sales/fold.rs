//! What events say, before it is known whose first order it was and which day a credit undoes.

use std::collections::HashMap;

use chrono::{DateTime, SubsecRound as _, Utc};
use domain::credit::{CreditEvent, CreditLine, IssuedCredit};
use domain::order::{
    CancelledOrder, Discount, ImportedLine, ImportedOrder, LineKind, OrderEvent, OrderLine, PlacedOrder,
};
use domain::{Country, Currency, CustomerReference, OrderId, ProductId, UserId};
use eventstore::Recorded;
use rows::Code;

use crate::projection::ApplyError;
use crate::sales::Dimension;
use crate::sales::entry::{CustomerType, Entry, Kind, Promotion};
use crate::sales::label::{self, Label, Labels};

/// What a run of events says.
#[derive(Default)]
pub(crate) struct BatchEntries {
    /// Part after part; dates of orders and types of customers are guesses yet.
    pub(crate) entries: Vec<Entry>,
    /// Orders that say that a credit undoes them: order, credit.
    pub(crate) credited: Vec<(String, String)>,
    pub(crate) labels: Labels,
}

/// The heading of an order or a credit.
struct Heading<'a> {
    kind: Kind,
    document: String,
    at: DateTime<Utc>,
    currency: Currency,
    country: Option<&'a Country>,
    customer_id: Option<UserId>,
    customer_reference: Option<&'a CustomerReference>,
}

/// A line of an order or a credit.
struct Line<'a> {
    kind: LineKind,
    order_id: String,
    product_id: Option<ProductId>,
    sku: &'a str,
    name: &'a str,
    category: &'a str,
    quantity: i64,
    total: i64,
    discount: i64,
    discounts: &'a [Discount],
    tax: i64,
}

macro_rules! line_of {
    ($line:ident, $kind:expr, $order_id:expr, $product_id:expr, $quantity:expr) => {
        Line {
            kind: $kind,
            order_id: $order_id,
            product_id: $product_id,
            sku: $line.sku.as_str(),
            name: $line.name.as_str(),
            category: $line.category.as_str(),
            quantity: $quantity,
            total: $line.total,
            discount: $line.discount,
            discounts: &$line.discounts,
            tax: $line.tax,
        }
    };
}

fn placed_line<'a>(line: &'a OrderLine, order: &str) -> Line<'a> {
    line_of!(
        line,
        LineKind::Product,
        order.to_owned(),
        Some(line.product_id),
        line.quantity.get()
    )
}

fn imported_line<'a>(line: &'a ImportedLine, order: &str) -> Line<'a> {
    line_of!(line, line.kind, order.to_owned(), line.product_id, line.quantity)
}

fn credit_line(credit: &CreditLine) -> Line<'_> {
    let order = credit.order_id.as_ref().map(OrderId::to_string).unwrap_or_default();
    imported_line(&credit.line, &order)
}

impl Line<'_> {
    fn units(&self) -> i64 {
        if self.kind == LineKind::Product {
            self.quantity
        } else {
            0
        }
    }

    /// Keeps the first of several discounts, with the goods and their price; answers a line with nothing but the discount for each other.
    fn split_off(&mut self) -> Vec<Self> {
        let Some((first, further)) = self.discounts.split_first() else {
            return Vec::new();
        };
        self.discounts = std::slice::from_ref(first);
        further
            .iter()
            .map(|discount| {
                self.discount = self.discount.saturating_sub(discount.amount);
                self.total = self.total.saturating_add(discount.amount);
                Line {
                    order_id: self.order_id.clone(),
                    quantity: 0,
                    total: discount.amount.saturating_neg(),
                    discount: discount.amount,
                    discounts: std::slice::from_ref(discount),
                    tax: 0,
                    ..*self
                }
            })
            .collect()
    }

    /// What the line is counted under; empty: goods that moved without being sold are no trade.
    fn product(&self) -> String {
        match (self.kind, self.product_id) {
            (LineKind::Adjustment, _) => String::new(),
            (LineKind::Product, Some(id)) => id.to_string(),
            (LineKind::Product, None) => format!("sku:{}", self.sku),
            (LineKind::Fee, _) => format!("fee:{}", self.sku),
        }
    }
}

impl BatchEntries {
    /// Takes in an event.
    pub(crate) fn take(&mut self, recorded: &Recorded) -> Result<(), ApplyError> {
        let refuse = |error: eventstore::Error| ApplyError::event(recorded, &error);
        match &*recorded.aggregate_type {
            "order" => self.order(&recorded.decode().map_err(refuse)?, recorded),
            "credit" => {
                let CreditEvent::CreditIssued(credit) = recorded.decode().map_err(refuse)?;
                self.credit(&credit, recorded);
            }
            "product" => label::of_product(recorded.decode().map_err(refuse)?, recorded, &mut self.labels),
            _ => {}
        }
        Ok(())
    }

    fn order(&mut self, event: &OrderEvent, recorded: &Recorded) {
        match event {
            OrderEvent::OrderPlaced(placed) => self.placed(placed, recorded),
            OrderEvent::OrderImported(imported) => self.imported(imported, recorded),
            OrderEvent::OrderCancelled(cancelled) => self.cancelled(cancelled, recorded),
            OrderEvent::OrderCredited { credit_id, .. } => {
                let link = (recorded.aggregate_id.to_string(), credit_id.to_string());
                self.credited.push(link);
            }
            // It was never an order.
            OrderEvent::OrderAbandoned { .. } => {}
        }
    }

    fn placed(&mut self, placed: &PlacedOrder, recorded: &Recorded) {
        let heading = Heading {
            kind: Kind::Sale,
            document: String::new(),
            at: moment(recorded),
            currency: placed.currency,
            country: placed.country.as_ref(),
            customer_id: Some(placed.customer_id),
            customer_reference: None,
        };
        let lines = placed
            .lines
            .iter()
            .map(|line| placed_line(line, &recorded.aggregate_id));
        self.book(&heading, lines, &recorded.aggregate_id);
    }

    fn imported(&mut self, imported: &ImportedOrder, recorded: &Recorded) {
        let heading = Heading {
            kind: Kind::Sale,
            document: String::new(),
            at: moment(recorded),
            currency: imported.currency,
            country: imported.country.as_ref(),
            customer_id: imported.customer_id,
            customer_reference: imported.customer_reference.as_ref(),
        };
        let lines = imported
            .lines
            .iter()
            .map(|line| imported_line(line, &recorded.aggregate_id));
        self.book(&heading, lines, &recorded.aggregate_id);
    }

    fn cancelled(&mut self, cancelled: &CancelledOrder, recorded: &Recorded) {
        let heading = Heading {
            kind: Kind::Cancellation,
            document: String::new(),
            at: moment(recorded),
            currency: cancelled.currency,
            country: cancelled.country.as_ref(),
            customer_id: Some(cancelled.customer_id),
            customer_reference: None,
        };
        let lines = cancelled
            .lines
            .iter()
            .map(|line| placed_line(line, &recorded.aggregate_id));
        self.book(&heading, lines, &recorded.aggregate_id);
    }

    fn credit(&mut self, credit: &IssuedCredit, recorded: &Recorded) {
        let heading = Heading {
            kind: Kind::Credit,
            document: recorded.aggregate_id.to_string(),
            at: moment(recorded),
            currency: credit.currency,
            country: credit.country.as_ref(),
            customer_id: credit.customer_id,
            customer_reference: credit.customer_reference.as_ref(),
        };
        self.book(&heading, credit.lines.iter().map(credit_line), "");
    }

    /// `order`: what a document without any trade is booked under.
    fn book<'a>(&mut self, heading: &Heading<'_>, lines: impl Iterator<Item = Line<'a>>, order: &str) {
        let country = heading.country.map_or("", Country::as_str);
        let customer = heading.customer_id.map(|id| id.to_string()).unwrap_or_default();
        let reference = match heading.customer_reference {
            Some(reference) if !customer.is_empty() => reference.as_str(),
            _ => customer.as_str(),
        };
        let labels = &mut self.labels;
        let mut offer = |dimension, key: &str, label: &str, name: &str| {
            labels.offer(Label {
                dimension,
                key: key.to_owned(),
                label: label.to_owned(),
                name: name.to_owned(),
                version: 0,
                as_of: heading.at,
            });
        };
        offer(Dimension::Customer, &customer, reference, reference);
        let empty = Entry {
            order_id: order.to_owned(),
            document: heading.document.clone(),
            kind: heading.kind,
            line: 0,
            happened_at: heading.at,
            ordered_at: heading.at,
            currency: Code(heading.currency),
            country: country.to_owned(),
            customer_type: CustomerType::without_order(&customer),
            customer,
            product: String::new(),
            category: String::new(),
            units: 0,
            amount: 0,
            discounts: 0,
            discount_code: String::new(),
            discount_campaign: String::new(),
            discount_kind: String::new(),
            tax: 0,
        };
        let mut places: HashMap<(String, String, String, Promotion), usize> = HashMap::new();
        let mut counts: HashMap<String, i64> = HashMap::new();
        let start = self.entries.len();
        for mut line in lines {
            let product = line.product();
            if product.is_empty() {
                continue;
            }
            if line.product_id.is_none() {
                offer(Dimension::Product, &product, line.sku, line.name);
            }
            let further = line.split_off();
            for part in std::iter::once(line).chain(further) {
                let promotion = part.discounts.first().map(Promotion::from).unwrap_or_default();
                let place = (
                    part.order_id.clone(),
                    product.clone(),
                    part.category.to_owned(),
                    promotion,
                );
                let promotion = place.3.clone();
                let index = *places.entry(place).or_insert_with(|| {
                    let count = counts.entry(part.order_id.clone()).or_default();
                    self.entries.push(Entry {
                        order_id: part.order_id.clone(),
                        line: *count,
                        product: product.clone(),
                        category: part.category.to_owned(),
                        discount_code: promotion.code,
                        discount_campaign: promotion.campaign,
                        discount_kind: promotion.kind,
                        ..empty.clone()
                    });
                    *count += 1;
                    self.entries.len() - 1
                });
                if let Some(entry) = self.entries.get_mut(index) {
                    add_line(entry, &part);
                }
            }
        }
        if self.entries.len() == start {
            self.entries.push(empty);
        }
        // The lines of a credit may name its orders in turn; what belongs together stands together.
        if let Some(own) = self.entries.get_mut(start..) {
            own.sort_by(|left, right| (left.part(), left.line).cmp(&(right.part(), right.line)));
        }
    }
}

// Saturating: a sum that leaves 64 bits is refused by PostgreSQL when it is added to a row, which parks the event.
fn add_line(entry: &mut Entry, line: &Line<'_>) {
    let amount = line.total.saturating_sub(line.tax);
    entry.units = entry.units.saturating_add(line.units());
    entry.tax = entry.tax.saturating_add(line.tax);
    if entry.kind == Kind::Sale {
        entry.amount = entry.amount.saturating_add(amount.saturating_add(line.discount));
        entry.discounts = entry.discounts.saturating_add(line.discount);
    } else {
        entry.amount = entry.amount.saturating_add(amount);
    }
}

/// What PostgreSQL keeps of the time, so that all ways into the tables lead to the same value.
fn moment(recorded: &Recorded) -> DateTime<Utc> {
    recorded.occurred_at.trunc_subsecs(6)
}
