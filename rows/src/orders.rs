use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;

use crate::cell::{Cell, decode, document};
use crate::column_type::Type;
use crate::row;
use crate::sink::Sink;

row! {
    /// An order, placed here or imported.
    #[derive(Debug, Serialize, Deserialize)]
    pub struct OrderRow {
        /// Its id.
        pub id: String,
        /// What people call it; imported orders have none.
        pub number: Option<u64>,
        /// Where it is in its life.
        pub status: String,
        /// Whose it is.
        pub customer_id: Option<String>,
        /// What the source of an imported order calls the customer.
        pub customer_reference: Option<String>,
        /// Where it goes.
        pub country: Option<String>,
        /// The currency of its amounts.
        pub currency: String,
        /// What it costs, in minor units.
        pub total: i64,
        /// What of `total` was given back.
        pub credited: i64,
        /// What was ordered.
        pub lines: Lines,
        /// The products of the lines, ascending.
        pub product_ids: Vec<String> as sought,
        /// When it was placed.
        pub placed_at: DateTime<Utc>,
        /// When it was called off.
        pub cancelled_at: Option<DateTime<Utc>>,
        /// Why it was called off.
        pub cancel_reason: Option<String> as text,
        /// Where an imported order comes from.
        pub source: Option<String>,
        /// What it is called there.
        pub external_id: Option<String>,
        /// The version of its stream.
        pub version: u64,
        /// When the last event of its stream occurred.
        pub updated_at: DateTime<Utc>,
    }
    table "orders", key "id", fill 95;
    index placed "(placed_at, id)";
    index number "(number)";
    index customer "(customer_id, placed_at, id)";
    // A short pending list: whoever fills it up must sort it in, and readers wait for that transaction's rows.
    index products "USING gin (product_ids) WITH (gin_pending_list_limit = 256)";
}

/// The lines of an order as JSON. Folds hand them on and never look inside, so they are parsed by readers alone.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lines(String);

impl Lines {
    /// Writes lines down.
    #[must_use]
    pub fn of<'a>(lines: impl Iterator<Item = Line<'a>>) -> Self {
        // Texts and numbers only: this cannot fail.
        Self(serde_json::to_string(&lines.collect::<Vec<_>>()).unwrap_or_default())
    }

    /// Reads the lines.
    pub fn parse(&self) -> Result<Vec<Line<'_>>, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

impl Cell for Lines {
    const TYPE: Type = Type::Json;

    fn put(value: Option<&Self>, sink: &mut impl Sink) {
        sink.json(value.map(|lines| lines.0.as_str()));
    }

    fn get(row: &PgRow, at: usize) -> Result<Self, sqlx::Error> {
        let text = std::str::from_utf8(document(row, at)?).map_err(decode)?;
        Ok(Self(text.to_owned()))
    }
}

/// A line of an order. What is nothing is left out.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line<'a> {
    /// What it stands for.
    pub kind: &'a str,
    /// The product, if it is of one.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<Cow<'a, str>>,
    /// The product's SKU, or what the source calls what was sold.
    pub sku: Cow<'a, str>,
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its place in the catalogue.
    pub category: Cow<'a, str>,
    /// How many.
    pub quantity: i64,
    /// What one cost, in minor units.
    pub unit_price: i64,
    /// What all of them cost: without the discount, with the tax.
    pub total: i64,
    /// What was taken off before it became `total`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub discount: i64,
    /// What took off `discount`, part by part; empty: that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount<'a>>,
    /// How much of `total` is tax.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tax: i64,
}

/// A part of what was taken off a line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Discount<'a> {
    /// How much, in minor units.
    pub amount: i64,
    /// Why.
    pub kind: &'a str,
    /// What it was got with, if known.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'a, str>>,
    /// What it was part of, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Cow<'a, str>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}
