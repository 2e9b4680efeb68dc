//! A small shop to search in.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use search::{AttributeValue, Document, Filter, Page, Price, Request, Start, Status};

/// A product that nothing is special about.
pub(crate) fn product(id: &str, name: &str) -> Document {
    Document {
        id: id.into(),
        sku: format!("SKU-{id}"),
        name: name.into(),
        description: String::new(),
        category: String::new(),
        status: Status::Active,
        price: Price {
            amount: 1_000,
            currency: "EUR".into(),
        },
        in_stock: true,
        attributes: BTreeMap::new(),
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
        units_sold: 0,
        version: 1,
    }
}

/// So many hours after the beginning of time.
pub(crate) fn hours(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
}

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::Text(value.into())
}

fn with(id: &str, name: &str, change: impl FnOnce(&mut Document)) -> Document {
    let mut product = product(id, name);
    change(&mut product);
    product
}

fn attributes(values: &[(&str, AttributeValue)]) -> BTreeMap<String, AttributeValue> {
    values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect()
}

/// Twelve products.
pub(crate) fn shop() -> Vec<Document> {
    let item =
        |id: &str, name: &str, category: &str, price: i64, currency: &str, colour: &str, hour: i64, sold: i64| {
            with(id, name, |product| {
                product.category = category.into();
                product.price = Price {
                    amount: price,
                    currency: currency.into(),
                };
                if !colour.is_empty() {
                    product.attributes = attributes(&[("colour", text(colour))]);
                }
                product.created_at = hours(hour);
                product.units_sold = sold;
            })
        };
    let mut shop = vec![
        item(
            "p01",
            "Wireless Keyboard",
            "computers/keyboards",
            4_900,
            "EUR",
            "black",
            1,
            10,
        ),
        item(
            "p02",
            "Mechanical Keyboard",
            "computers/keyboards",
            12_900,
            "EUR",
            "white",
            2,
            40,
        ),
        item("p03", "Wireless Mouse", "computers/mice", 2_900, "EUR", "black", 3, 90),
        item("p04", "Gaming Mouse", "computers/mice", 5_900, "EUR", "red", 4, 70),
        item("p05", "Laptop Bag", "bags", 3_900, "EUR", "black", 5, 5),
        item(
            "p06",
            "Laptop 15 inch",
            "computers/laptops",
            89_900,
            "EUR",
            "silver",
            6,
            20,
        ),
        item(
            "p07",
            "Gaming Laptop",
            "computers/laptops/gaming",
            149_900,
            "EUR",
            "black",
            7,
            15,
        ),
        item(
            "p08",
            "Bluetooth Headphones",
            "audio/headphones",
            7_900,
            "EUR",
            "white",
            8,
            60,
        ),
        item(
            "p09",
            "Studio Headphones",
            "audio/headphones",
            19_900,
            "GBP",
            "black",
            9,
            3,
        ),
        item("p10", "Coffee Machine", "kitchen", 24_900, "GBP", "red", 10, 8),
        item("p11", "Espresso Cups", "kitchen", 1_900, "GBP", "", 11, 0),
        item("p12", "Old Computer", "computersold", 900, "EUR", "beige", 12, 1),
    ];
    shop[1].in_stock = false;
    shop[6].in_stock = false;
    shop[9].status = Status::Draft;
    shop[11].status = Status::Archived;
    shop[2].description = "A mouse that needs no keyboard and no cable.".into();
    shop[4].attributes.insert("size".into(), AttributeValue::Integer(15));
    shop[5].attributes.insert("size".into(), AttributeValue::Number(15.0));
    shop[6].attributes.insert("size".into(), AttributeValue::Number(17.3));
    shop[7]
        .attributes
        .insert("wireless".into(), AttributeValue::Boolean(true));
    shop[8]
        .attributes
        .insert("wireless".into(), AttributeValue::Boolean(false));
    shop
}

/// A request for what has all of the words, with every hit on the page.
pub(crate) fn words(words: &str) -> Request {
    Request {
        all_words: true,
        ..asked(words)
    }
}

/// A request for words as people send it, with every hit on the page.
pub(crate) fn asked(words: &str) -> Request {
    Request {
        words: words.into(),
        page: Page {
            limit: 100,
            start: Start::Offset(0),
        },
        ..Request::default()
    }
}

/// A request for everything that fulfils a filter.
pub(crate) fn filtered(filter: Filter) -> Request {
    Request { filter, ..words("") }
}
