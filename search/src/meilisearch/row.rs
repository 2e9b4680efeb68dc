//! How a product lies in Meilisearch.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::document::{AttributeValue, Document, ancestors};
use crate::tantivy::{MAX_FACET_BYTES, searched};
use crate::text::normalise;
use crate::words::tokens;

/// Counts the changes to what is below and to the cutting of words. Indexes have it in their names, so that one of another format is
/// never asked.
pub(super) const FORMAT: u32 = 5;

/// The part of a name that sorts, in bytes. Values that sort are cut at 468 bytes, and there are two for each of these.
const MAX_SORTED: usize = 200;
/// Whole numbers beyond are not exact in JSON.
const MAX_EXACT: i64 = 9_007_199_254_740_991;

/// A product as Meilisearch keeps it. Texts that are compared exactly are hexadecimal, because comparison there knows no case. Texts that
/// are searched are cut into words and folded here, because builds of Meilisearch differ in which languages they know.
#[derive(Debug, Serialize)]
pub(super) struct Row<'a> {
    key: String,
    id: &'a str,
    name: &'a str,
    description: &'a str,
    in_name: String,
    in_sku: String,
    in_category: String,
    in_attributes: Vec<String>,
    in_description: String,
    name_key: String,
    price: i64,
    created: i64,
    units_sold: i64,
    in_stock: i64,
    status: &'static str,
    currency: String,
    categories: Vec<String>,
    /// The values of attributes, by key.
    values: BTreeMap<String, String>,
    /// The amount, by currency.
    prices: BTreeMap<String, i64>,
    /// Which bits the amount has, by currency: their counts are the sum.
    bits: BTreeMap<String, Vec<u32>>,
    /// The words that corrections come from.
    words: BTreeSet<String>,
}

/// What comes back of it.
#[derive(Debug, Deserialize)]
pub(super) struct Shown {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) in_name: String,
    #[serde(default)]
    pub(super) in_description: String,
    #[serde(default)]
    pub(super) price: i64,
    /// As in [`hex`].
    #[serde(default)]
    pub(super) currency: String,
    #[serde(default)]
    pub(super) created: i64,
    #[serde(default)]
    pub(super) units_sold: i64,
}

impl<'a> Row<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        let currency = hex(&document.price.currency);
        let price = exact(document.price.amount);
        let texts = document.attributes.values().filter_map(searched);
        let attributes: Vec<&str> = texts.collect();
        let named = [
            document.name.as_str(),
            document.sku.as_str(),
            document.category.as_str(),
        ];
        let words = named
            .iter()
            .chain(&attributes)
            .flat_map(|text| tokens(text))
            .map(|token| token.text);
        let bits = (0..63).filter(|bit| price > 0 && price >> bit & 1 == 1);
        Self {
            key: hex(&document.id),
            id: &document.id,
            name: &document.name,
            description: &document.description,
            in_name: cut(&document.name),
            in_sku: cut(&document.sku),
            in_category: cut(&document.category.replace('/', " / ")),
            in_attributes: attributes.iter().map(|text| cut(text)).collect(),
            in_description: cut(&document.description),
            words: words.collect(),
            name_key: name_key(&normalise(&document.name)),
            price,
            created: exact(document.created_at.timestamp_micros()),
            units_sold: exact(document.units_sold),
            in_stock: i64::from(document.in_stock),
            status: document.status.as_str(),
            categories: ancestors(&document.category).map(hex).collect(),
            values: document
                .attributes
                .iter()
                .map(|(key, value)| (hex(key), value_code(value)))
                .collect(),
            prices: BTreeMap::from([(currency.clone(), price)]),
            bits: BTreeMap::from([(currency.clone(), bits.collect())]),
            currency,
        }
    }
}

/// The words of a text.
fn cut(text: &str) -> String {
    let words: Vec<String> = tokens(text).into_iter().map(|token| token.text).collect();
    words.join(" ")
}

pub(super) fn exact(number: i64) -> i64 {
    number.clamp(-MAX_EXACT, MAX_EXACT)
}

/// What a name sorts by.
pub(super) fn name_key(normal: &str) -> String {
    let bytes = normal.as_bytes();
    hex_of(bytes.get(..MAX_SORTED).unwrap_or(bytes))
}

/// The value of an attribute. A text that is too long to be offered is known by its hash only.
pub(super) fn value_code(value: &AttributeValue) -> String {
    match searched(value) {
        None => format!("v{}", hex(&value.to_string())),
        Some(text) if text.len() <= MAX_FACET_BYTES => hex(text),
        Some(text) => {
            let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
            format!("h{}", hex_of(&hash))
        }
    }
}

/// A text in characters that mean nothing anywhere, in the same order.
pub(super) fn hex(text: &str) -> String {
    hex_of(text.as_bytes())
}

fn hex_of(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    // The letter keeps it from being read as a number.
    std::iter::once('x').chain(digits).collect()
}

/// The text again, of a value as facets know it; `None`: it is a hash.
pub(super) fn unhex(code: &str) -> Option<String> {
    let digits = code.strip_prefix('v').unwrap_or(code).strip_prefix('x')?;
    let bytes = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok());
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_keep_their_order() {
        proptest::proptest!(|(left in ".*", right in ".*")| {
            let back = unhex(&hex(&left));
            proptest::prop_assert_eq!(back.as_deref(), Some(left.as_str()));
            proptest::prop_assert_eq!(hex(&left).cmp(&hex(&right)), left.cmp(&right));
        });
        let code = |value| unhex(&value_code(&value));
        assert_eq!(code(AttributeValue::Text("long".repeat(100))), None);
        assert_eq!(code(AttributeValue::Number(4.0)).as_deref(), Some("4"));
    }
}
