//! What events add to the sums.

use std::collections::HashMap;

use domain::credit::{CreditEvent, CreditLine};
use domain::order::{ImportedLine, LineKind, OrderEvent, OrderLine};
use domain::{Country, Currency, CustomerReference, ProductId, UserId};
use eventstore::Recorded;

use crate::projection::ApplyError;
use crate::sales::label::{self, Label, Labels};

/// Seconds of a bucket. All time zones of today are whole quarters of an hour away from UTC.
const BUCKET: i64 = 15 * 60;

/// What sums are kept by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Dimension {
    Category,
    Country,
    Customer,
    Product,
    Total,
}

impl Dimension {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Country => "country",
            Self::Customer => "customer",
            Self::Product => "product",
            Self::Total => "total",
        }
    }
}

/// The identity of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Entry {
    pub(crate) dimension: Dimension,
    /// Start, in seconds since 1970.
    pub(crate) bucket: i64,
    pub(crate) currency: Currency,
    pub(crate) key: String,
}

/// What is added to a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delta {
    pub(crate) orders: i64,
    pub(crate) units: i64,
    pub(crate) gross: i64,
    pub(crate) credits: i64,
    pub(crate) credited_units: i64,
}

// Saturating: a sum that leaves 64 bits is refused by PostgreSQL when it is added to the row, which parks the event.
impl Delta {
    fn add(&mut self, other: Self) {
        self.orders = self.orders.saturating_add(other.orders);
        self.units = self.units.saturating_add(other.units);
        self.gross = self.gross.saturating_add(other.gross);
        self.credits = self.credits.saturating_add(other.credits);
        self.credited_units = self.credited_units.saturating_add(other.credited_units);
    }
}

/// Whether money came in or was given back.
#[derive(Clone, Copy)]
enum Direction {
    Sold,
    TakenBack,
}

impl Direction {
    const fn delta(self, orders: i64, units: i64, amount: i64) -> Delta {
        match self {
            Self::Sold => Delta {
                orders,
                units,
                gross: amount,
                credits: 0,
                credited_units: 0,
            },
            Self::TakenBack => Delta {
                orders: 0,
                units: 0,
                gross: 0,
                credits: amount,
                credited_units: units,
            },
        }
    }
}

/// The heading of an order or a credit.
struct Heading<'a> {
    direction: Direction,
    currency: Currency,
    total: i64,
    country: Option<&'a Country>,
    customer_id: Option<UserId>,
    customer_reference: Option<&'a CustomerReference>,
}

/// A line of an order or a credit.
struct Line<'a> {
    kind: LineKind,
    product_id: Option<ProductId>,
    sku: &'a str,
    name: &'a str,
    category: &'a str,
    quantity: i64,
    total: i64,
}

macro_rules! line_from {
    ($line:ident, $kind:expr, $product_id:expr, $quantity:expr) => {
        Self {
            kind: $kind,
            product_id: $product_id,
            sku: $line.sku.as_str(),
            name: $line.name.as_str(),
            category: $line.category.as_str(),
            quantity: $quantity,
            total: $line.total,
        }
    };
}

impl<'a> From<&'a OrderLine> for Line<'a> {
    fn from(line: &'a OrderLine) -> Self {
        line_from!(line, LineKind::Product, Some(line.product_id), line.quantity.get())
    }
}

impl<'a> From<&'a ImportedLine> for Line<'a> {
    fn from(line: &'a ImportedLine) -> Self {
        line_from!(line, line.kind, line.product_id, line.quantity)
    }
}

impl<'a> From<&'a CreditLine> for Line<'a> {
    fn from(line: &'a CreditLine) -> Self {
        line_from!(line, line.kind, line.product_id, line.quantity)
    }
}

impl Line<'_> {
    fn units(&self) -> i64 {
        if self.kind == LineKind::Product {
            self.quantity
        } else {
            0
        }
    }

    /// What the line is counted under; `None`: goods that moved without being sold are no trade.
    fn key(&self) -> Option<String> {
        match (self.kind, self.product_id) {
            (LineKind::Adjustment, _) => None,
            (LineKind::Product, Some(id)) => Some(id.to_string()),
            (LineKind::Product, None) => Some(format!("sku:{}", self.sku)),
            (LineKind::Fee, _) => Some(format!("fee:{}", self.sku)),
        }
    }
}

/// Sums by key.
#[derive(Default)]
pub(crate) struct Deltas(HashMap<Entry, Delta>);

impl Deltas {
    /// Adds what an event adds, and offers the labels that it brings.
    pub(crate) fn add(&mut self, recorded: &Recorded, labels: &mut Labels) -> Result<(), ApplyError> {
        let refuse = |error: eventstore::Error| ApplyError::event(recorded, &error);
        match &*recorded.aggregate_type {
            "order" => self.order(&recorded.decode().map_err(refuse)?, recorded, labels),
            "credit" => self.credit(&recorded.decode().map_err(refuse)?, recorded, labels),
            "product" => label::of_product(recorded.decode().map_err(refuse)?, recorded, labels),
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn order(&mut self, event: &OrderEvent, recorded: &Recorded, labels: &mut Labels) {
        match event {
            OrderEvent::OrderPlaced(placed) => {
                let heading = Heading {
                    direction: Direction::Sold,
                    currency: placed.currency,
                    total: placed.total,
                    country: placed.country.as_ref(),
                    customer_id: Some(placed.customer_id),
                    customer_reference: None,
                };
                self.book(&heading, placed.lines.iter().map(Line::from), recorded, labels);
            }
            OrderEvent::OrderImported(imported) => {
                let heading = Heading {
                    direction: Direction::Sold,
                    currency: imported.currency,
                    total: imported.total,
                    country: imported.country.as_ref(),
                    customer_id: imported.customer_id,
                    customer_reference: imported.customer_reference.as_ref(),
                };
                self.book(&heading, imported.lines.iter().map(Line::from), recorded, labels);
            }
            OrderEvent::OrderCancelled(cancelled) => {
                let heading = Heading {
                    direction: Direction::TakenBack,
                    currency: cancelled.currency,
                    total: cancelled.total,
                    country: cancelled.country.as_ref(),
                    customer_id: Some(cancelled.customer_id),
                    customer_reference: None,
                };
                self.book(&heading, cancelled.lines.iter().map(Line::from), recorded, labels);
            }
            // The credit itself is booked, with its lines; an abandoned order was never one.
            OrderEvent::OrderCredited { .. } | OrderEvent::OrderAbandoned { .. } => {}
        }
    }

    fn credit(&mut self, event: &CreditEvent, recorded: &Recorded, labels: &mut Labels) {
        let CreditEvent::CreditIssued(credit) = event;
        let heading = Heading {
            direction: Direction::TakenBack,
            currency: credit.currency,
            total: credit.total,
            country: credit.country.as_ref(),
            customer_id: credit.customer_id,
            customer_reference: credit.customer_reference.as_ref(),
        };
        self.book(&heading, credit.lines.iter().map(Line::from), recorded, labels);
    }

    fn book<'a>(
        &mut self,
        heading: &Heading<'_>,
        lines: impl Iterator<Item = Line<'a>>,
        recorded: &Recorded,
        labels: &mut Labels,
    ) {
        let direction = heading.direction;
        let bucket = recorded.occurred_at.timestamp().div_euclid(BUCKET) * BUCKET;
        let mut offer = |dimension, key: &str, title: &str, name: &str| {
            labels.offer(Label {
                dimension,
                key: key.to_owned(),
                title: title.to_owned(),
                name: name.to_owned(),
                version: 0,
                as_of: recorded.occurred_at,
            });
        };
        let mut units = 0_i64;
        // An order counts once under each key, however many of its lines have it.
        let mut parts: HashMap<(Dimension, String), Delta> = HashMap::new();
        for line in lines {
            let Some(key) = line.key() else { continue };
            units = units.saturating_add(line.units());
            if line.product_id.is_none() {
                offer(Dimension::Product, &key, line.sku, line.name);
            }
            offer(Dimension::Category, line.category, line.category, line.category);
            for part in [
                (Dimension::Product, key),
                (Dimension::Category, line.category.to_owned()),
            ] {
                let sum = parts.entry(part).or_default();
                let orders = 1 - (sum.orders.min(1));
                sum.add(direction.delta(orders, line.units(), line.total));
            }
        }
        let country = heading.country.map_or("", Country::as_str);
        let customer = heading.customer_id.map(|id| id.to_string()).unwrap_or_default();
        let reference = match heading.customer_reference {
            Some(reference) if !customer.is_empty() => reference.as_str(),
            _ => customer.as_str(),
        };
        offer(Dimension::Country, country, country, country);
        offer(Dimension::Customer, &customer, reference, reference);
        offer(Dimension::Total, "", "", "");
        let whole = direction.delta(1, units, heading.total);
        parts.insert((Dimension::Country, country.to_owned()), whole);
        parts.insert((Dimension::Customer, customer), whole);
        parts.insert((Dimension::Total, String::new()), whole);
        for ((dimension, key), delta) in parts {
            let key = Entry {
                dimension,
                bucket,
                currency: heading.currency,
                key,
            };
            self.0.entry(key).or_default().add(delta);
        }
    }
}

impl IntoIterator for Deltas {
    type Item = (Entry, Delta);
    type IntoIter = std::collections::hash_map::IntoIter<Entry, Delta>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
