use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A product as it is searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The product's id, `prod_...`.
    pub id: String,
    /// Its SKU.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// What it is, in any length.
    #[serde(default)]
    pub description: String,
    /// Where it stands in the catalogue, `a/b/c`; empty: nowhere. The ancestors follow from it.
    #[serde(default)]
    pub category: String,
    /// Where it is in its life.
    pub status: Status,
    /// What a unit costs.
    pub price: Price,
    /// Whether there is any to sell. A flag, not a number, so that a sale changes the document only when it takes the last one.
    pub in_stock: bool,
    /// Free attributes.
    #[serde(default)]
    pub attributes: BTreeMap<String, AttributeValue>,
    /// When it entered the catalogue.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Units sold, for the order by sales. May lag behind: it orders, it is not shown.
    #[serde(default)]
    pub units_sold: i64,
    /// The version of the product that this is. Kept for comparison with the source; engines don't act on it.
    #[serde(default)]
    pub version: i64,
}

/// Where a product is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not sold yet.
    Draft,
    /// Sold.
    Active,
    /// No longer sold.
    Archived,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Draft, Self::Active, Self::Archived];

    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }
}

/// An amount in the minor unit of its currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Minor units.
    pub amount: i64,
    /// Three upper-case letters.
    pub currency: String,
}

/// The value of an attribute, as the JSON value of the same type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Another finite number.
    Number(f64),
    /// A text.
    Text(String),
}

impl AttributeValue {
    /// The values that a filter may mean by `text`: the text, and the number or boolean of that spelling.
    pub(crate) fn meant_by(text: &str) -> impl Iterator<Item = Self> {
        let literal = serde_json::from_str(text)
            .ok()
            .filter(|value| !matches!(value, Self::Text(_)));
        std::iter::once(Self::Text(text.to_owned())).chain(literal)
    }
}

/// The text by which facets know the value: `true`, `4`, `4.5`, `red`. Equal numbers read the same, whether they came as `4` or as `4.0`.
impl fmt::Display for AttributeValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(formatter),
            Self::Integer(value) => value.fmt(formatter),
            #[expect(
                clippy::float_cmp,
                clippy::cast_possible_truncation,
                reason = "whole, and where integers are"
            )]
            Self::Number(value) if *value == value.trunc() && value.abs() < 9e18 => (*value as i64).fmt(formatter),
            Self::Number(value) => match serde_json::Number::from_f64(*value) {
                Some(number) => number.fmt(formatter),
                None => value.fmt(formatter),
            },
            Self::Text(value) => value.fmt(formatter),
        }
    }
}

/// What happened to a product, for the index.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// This is how it is now, whether the index knew it or not.
    Put(Box<Document>),
    /// It is gone; its id. Nothing happens if the index never knew it.
    Delete(String),
}

impl Change {
    /// The id of the product.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Put(document) => &document.id,
            Self::Delete(id) => id,
        }
    }
}

/// A category path and those above it, from the root: `a`, `a/b`, `a/b/c`.
pub fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.map(|end| &path[..end]).filter(|ancestor| !ancestor.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_its_ancestors_and_itself() {
        assert_eq!(ancestors("a/b/c").collect::<Vec<_>>(), ["a", "a/b", "a/b/c"]);
        assert_eq!(ancestors("a").collect::<Vec<_>>(), ["a"]);
        assert_eq!(ancestors("").count(), 0);
    }

    #[test]
    fn a_value_reads_as_its_text() {
        let texts = [
            AttributeValue::Boolean(true),
            AttributeValue::Integer(4),
            AttributeValue::Number(4.0),
            AttributeValue::Number(-0.0),
            AttributeValue::Number(1e15),
            AttributeValue::Number(4.5),
            AttributeValue::Number(-1e300),
            AttributeValue::Text("red".into()),
        ];
        assert_eq!(
            texts.map(|value| value.to_string()),
            ["true", "4", "4", "0", "1000000000000000", "4.5", "-1e+300", "red"]
        );
    }

    #[test]
    fn a_text_may_mean_a_number_or_a_truth() {
        let others = |text: &str| AttributeValue::meant_by(text).skip(1).collect::<Vec<_>>();
        assert_eq!(others("4.50"), [AttributeValue::Number(4.5)]);
        assert_eq!(others("4"), [AttributeValue::Integer(4)]);
        assert_eq!(others("true"), [AttributeValue::Boolean(true)]);
        for text in ["red", "null", "[1]", "\"4\"", "1e999", ""] {
            assert_eq!(others(text), [], "{text}");
        }
    }

    #[test]
    fn json_decides_the_type_of_a_value() {
        let read = |json: &str| serde_json::from_str::<AttributeValue>(json).unwrap();
        assert_eq!(read("true"), AttributeValue::Boolean(true));
        assert_eq!(read("4"), AttributeValue::Integer(4));
        assert_eq!(read("4.5"), AttributeValue::Number(4.5));
        assert_eq!(read("\"4\""), AttributeValue::Text("4".into()));
    }
}
