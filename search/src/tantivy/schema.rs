//! How a product lies in the index.

use std::fmt::Write as _;

use tantivy::TantivyDocument;
use tantivy::schema::{
    FAST, Field, IndexRecordOption, JsonObjectOptions, OwnedValue, STORED, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{PreTokenizedString, Token as Indexed};

use crate::document::{AttributeValue, Document, ancestors};
use crate::text::sort_key;
use crate::words::{Token, tokens};

/// Counts the changes to what is below and to the cutting of words: an index of another format is built anew.
pub(super) const FORMAT: u32 = 4;

/// The longest value that facets offer, in bytes; longer ones are no choice to make, but can be filtered by.
pub(crate) const MAX_FACET_BYTES: usize = 200;
/// The beginnings of words that are terms of their own, in characters. Longer ones begin few enough words.
pub(super) const MAX_BEGINNING: usize = 3;

pub(super) const CATEGORY: &str = "category";
pub(super) const CREATED: &str = "created";
pub(super) const CURRENCY: &str = "currency";
pub(super) const ID: &str = "id";
pub(super) const IN_STOCK: &str = "in_stock";
pub(super) const NAME_KEY: &str = "name_key";
pub(super) const PRICE: &str = "price";
pub(super) const UNITS_SOLD: &str = "units_sold";
const ATTRIBUTES: &str = "attributes";

/// The parts of a product that words are looked for in.
pub(super) const TEXTS: usize = 5;
/// The name among them.
pub(super) const NAME: usize = 0;

/// The fields of the index.
#[derive(Clone)]
pub(super) struct Fields {
    /// Every word of the product, once; decides what matches.
    pub(super) words: Field,
    /// The first characters of every word.
    pub(super) beginnings: Field,
    /// Name, SKU, category, attributes, description: decide how well it matches.
    pub(super) texts: [Field; TEXTS],
    /// What filters ask for.
    pub(super) flags: Field,
    pub(super) id: Field,
    pub(super) name: Field,
    pub(super) description: Field,
    category: Field,
    created: Field,
    currency: Field,
    in_stock: Field,
    name_key: Field,
    price: Field,
    units_sold: Field,
    attributes: Field,
}

impl Fields {
    pub(super) fn new() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let exact = |option| {
            TextOptions::default().set_indexing_options(
                TextFieldIndexing::default()
                    .set_tokenizer("raw")
                    .set_fieldnorms(false)
                    .set_index_option(option),
            )
        };
        let set = exact(IndexRecordOption::Basic);
        let text = TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer("raw")
                .set_fieldnorms(true)
                .set_index_option(IndexRecordOption::WithFreqsAndPositions),
        );
        let column = TextOptions::default().set_fast("raw");
        let fields = Self {
            words: schema.add_text_field("words", set.clone()),
            beginnings: schema.add_text_field("beginnings", set.clone()),
            texts: ["in_name", "in_sku", "in_category", "in_attributes", "in_description"]
                .map(|name| schema.add_text_field(name, text.clone())),
            flags: schema.add_text_field("flags", set.clone()),
            id: schema.add_text_field(ID, set | column.clone()),
            name: schema.add_text_field("name", STORED),
            description: schema.add_text_field("description", STORED),
            category: schema.add_text_field(CATEGORY, column.clone()),
            created: schema.add_i64_field(CREATED, FAST),
            currency: schema.add_text_field(CURRENCY, column.clone()),
            in_stock: schema.add_u64_field(IN_STOCK, FAST),
            name_key: schema.add_text_field(NAME_KEY, column),
            price: schema.add_i64_field(PRICE, FAST),
            units_sold: schema.add_i64_field(UNITS_SOLD, FAST),
            attributes: schema.add_json_field(ATTRIBUTES, JsonObjectOptions::default().set_fast("raw")),
        };
        (schema.build(), fields)
    }

    /// A product as the index takes it.
    pub(super) fn document(&self, product: &Document) -> TantivyDocument {
        let mut document = TantivyDocument::new();
        let attributes: Vec<Vec<Token>> = product.attributes.values().filter_map(searched).map(tokens).collect();
        let texts = [
            vec![tokens(&product.name)],
            vec![tokens(&product.sku)],
            vec![tokens(&product.category.replace('/', " / "))],
            attributes,
            vec![tokens(&product.description)],
        ];
        let mut words: Vec<&str> = Vec::new();
        for (field, values) in self.texts.iter().zip(&texts) {
            for value in values {
                words.extend(value.iter().map(|token| token.text.as_str()));
                document.add_pre_tokenized_text(
                    *field,
                    indexed(value.iter().map(|token| (token.text.clone(), token.position))),
                );
            }
        }
        words.sort_unstable();
        words.dedup();
        let mut beginnings: Vec<&str> = words.iter().flat_map(|word| beginnings(word)).collect();
        beginnings.sort_unstable();
        beginnings.dedup();
        let at_zero = |texts: Vec<&str>| indexed(texts.into_iter().map(|text| (text.to_owned(), 0)));
        document.add_pre_tokenized_text(self.beginnings, at_zero(beginnings));
        document.add_pre_tokenized_text(self.words, at_zero(words));
        for flag in flags(product) {
            document.add_text(self.flags, flag);
        }
        document.add_text(self.id, &product.id);
        document.add_text(self.name, &product.name);
        document.add_text(self.description, &product.description);
        document.add_text(self.category, &product.category);
        document.add_i64(self.created, product.created_at.timestamp_micros());
        document.add_text(self.currency, &product.price.currency);
        document.add_u64(self.in_stock, u64::from(product.in_stock));
        document.add_text(self.name_key, sort_key(&product.name));
        document.add_i64(self.price, product.price.amount);
        document.add_i64(self.units_sold, product.units_sold);
        let listed = product
            .attributes
            .iter()
            .map(|(key, value)| (column_key(key), value.to_string()));
        let listed = listed.filter(|(_, value)| value.len() <= MAX_FACET_BYTES);
        let listed: Vec<_> = listed.map(|(key, value)| (key, OwnedValue::Str(value))).collect();
        if !listed.is_empty() {
            document.add_field_value(self.attributes, &OwnedValue::Object(listed));
        }
        document
    }
}

/// The text of an attribute that words are looked for in. Yes, no and numbers mean nothing without the name of the attribute.
pub(crate) fn searched(value: &AttributeValue) -> Option<&str> {
    match value {
        AttributeValue::Text(text) => Some(text),
        AttributeValue::Boolean(_) | AttributeValue::Integer(_) | AttributeValue::Number(_) => None,
    }
}

fn beginnings(word: &str) -> impl Iterator<Item = &str> {
    let ends = word.char_indices().map(|(at, _)| at).skip(1).chain([word.len()]);
    ends.take(MAX_BEGINNING).map(|end| &word[..end])
}

fn indexed(tokens: impl Iterator<Item = (String, usize)>) -> PreTokenizedString {
    let tokens = tokens.map(|(text, position)| Indexed {
        offset_from: 0,
        offset_to: text.len(),
        position,
        text,
        position_length: 1,
    });
    PreTokenizedString {
        text: String::new(),
        tokens: tokens.collect(),
    }
}

/// The column of an attribute. Dots would make a path of it.
pub(super) fn attribute_column(key: &str) -> String {
    format!("{ATTRIBUTES}.{}", column_key(key))
}

fn column_key(key: &str) -> String {
    let mut column = String::with_capacity(key.len() + 1);
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            column.push(char::from(byte));
        } else {
            // Writing to a text never fails.
            let _ = write!(column, "~{byte:02x}");
        }
    }
    if column.is_empty() {
        column.push('~');
    }
    column
}

pub(super) fn status_flag(status: &str) -> String {
    format!("s{status}")
}

pub(super) fn in_stock_flag(in_stock: bool) -> String {
    format!("i{in_stock}")
}

pub(super) fn currency_flag(currency: &str) -> String {
    format!("m{currency}")
}

pub(super) fn category_flag(path: &str) -> String {
    format!("c{path}")
}

pub(super) fn attribute_flag(key: &str, value: &AttributeValue) -> String {
    let kind = searched(value).map_or('v', |_| 't');
    format!("a{key}\u{1}{kind}{value}")
}

fn flags(product: &Document) -> Vec<String> {
    let mut flags = vec![
        status_flag(product.status.as_str()),
        in_stock_flag(product.in_stock),
        currency_flag(&product.price.currency),
    ];
    flags.extend(ancestors(&product.category).map(category_flag));
    flags.extend(product.attributes.iter().map(|(key, value)| attribute_flag(key, value)));
    flags
}
