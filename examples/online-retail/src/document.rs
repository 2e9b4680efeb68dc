//! The documents that `tillroll import` takes, as far as the data set has something for them.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// The name of the source: part of the identity of every order.
pub const SOURCE: &str = "online-retail";
/// The currency of all prices.
pub(crate) const CURRENCY: &str = "GBP";

#[derive(Serialize)]
pub(crate) struct Product<'a> {
    pub(crate) sku: &'a str,
    pub(crate) name: &'a str,
    pub(crate) price: Money,
    pub(crate) category: &'static str,
    pub(crate) status: &'static str,
    pub(crate) created_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
pub(crate) struct Money {
    pub(crate) amount: i64,
    pub(crate) currency: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Type {
    Order,
    Credit,
}

#[derive(Serialize)]
pub(crate) struct Order {
    pub(crate) external_id: String,
    #[serde(rename = "type")]
    pub(crate) kind: Type,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) currency: &'static str,
    pub(crate) country: String,
    pub(crate) customer_reference: String,
    pub(crate) lines: Vec<Line>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Product,
    Fee,
    Adjustment,
}

/// Amounts are minor units.
#[derive(Clone, Serialize)]
pub(crate) struct Line {
    pub(crate) kind: Kind,
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) quantity: i64,
    pub(crate) unit_price: i64,
    pub(crate) total: i64,
    /// Empty: not known, or nothing is undone.
    pub(crate) credits_external_id: String,
}
