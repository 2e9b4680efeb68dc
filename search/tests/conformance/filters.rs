use std::collections::BTreeMap;

use search::{AttributeValue, Facet, Filter, PriceRange, Request, Status};

use crate::engines::Place;
use crate::shop::{filtered, product, shop, text, words};

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn attribute(key: &str, values: &[&str]) -> BTreeMap<String, Vec<String>> {
    BTreeMap::from([(key.to_owned(), strings(values))])
}

pub(crate) async fn by_category_with_what_is_below(place: &Place) {
    place.fill(shop()).await;
    let in_categories = |paths: &[&str]| {
        filtered(Filter {
            categories: strings(paths),
            ..Filter::default()
        })
    };
    assert_eq!(place.set(&in_categories(&["computers/laptops"])).await, ["p06", "p07"]);
    assert_eq!(
        place.set(&in_categories(&["computers"])).await.len(),
        6,
        "not computersold"
    );
    assert_eq!(
        place.set(&in_categories(&["bags", "kitchen"])).await,
        ["p05", "p10", "p11"]
    );
    assert!(place.set(&in_categories(&["laptops"])).await.is_empty());
}

pub(crate) async fn by_price(place: &Place) {
    place.fill(shop()).await;
    let range = |currency: Option<&str>, min, max| {
        filtered(Filter {
            price: PriceRange {
                currency: currency.map(Into::into),
                min,
                max,
            },
            ..Filter::default()
        })
    };
    assert_eq!(
        place.set(&range(Some("EUR"), Some(3_900), Some(5_900))).await,
        ["p01", "p04", "p05"],
        "both ends"
    );
    assert_eq!(place.set(&range(Some("GBP"), None, None)).await, ["p09", "p10", "p11"]);
    assert_eq!(
        place.set(&range(None, Some(19_900), Some(24_900))).await,
        ["p09", "p10"]
    );
    assert!(place.set(&range(Some("EUR"), Some(2), Some(1))).await.is_empty());
    assert!(place.set(&range(Some("USD"), None, None)).await.is_empty());
}

pub(crate) async fn by_stock_and_status(place: &Place) {
    place.fill(shop()).await;
    let stock = |in_stock| {
        filtered(Filter {
            in_stock: Some(in_stock),
            ..Filter::default()
        })
    };
    let statuses = |statuses: &[Status]| {
        filtered(Filter {
            statuses: statuses.to_vec(),
            ..Filter::default()
        })
    };
    assert_eq!(place.set(&stock(false)).await, ["p02", "p07"]);
    assert_eq!(place.set(&stock(true)).await.len(), 10);
    assert_eq!(place.set(&statuses(&[Status::Draft])).await, ["p10"]);
    assert_eq!(
        place.set(&statuses(&[Status::Draft, Status::Archived])).await,
        ["p10", "p12"]
    );
}

pub(crate) async fn by_attribute(place: &Place) {
    place.fill(shop()).await;
    let by = |attributes| {
        filtered(Filter {
            attributes,
            ..Filter::default()
        })
    };
    assert_eq!(place.set(&by(attribute("colour", &["red"]))).await, ["p04", "p10"]);
    assert_eq!(
        place.set(&by(attribute("colour", &["red", "silver"]))).await,
        ["p04", "p06", "p10"],
        "one of them"
    );
    assert_eq!(place.set(&by(attribute("wireless", &["true"]))).await, ["p08"]);
    assert_eq!(
        place.set(&by(attribute("size", &["15"]))).await,
        ["p05", "p06"],
        "whole numbers of any type"
    );
    assert_eq!(place.set(&by(attribute("size", &["17.3"]))).await, ["p07"]);
    assert!(
        place.set(&by(attribute("colour", &[]))).await.is_empty(),
        "no value finds nothing"
    );
    assert!(place.set(&by(attribute("shape", &["round"]))).await.is_empty());
    let mut two = attribute("colour", &["black", "white"]);
    two.insert("size".into(), strings(&["17.3", "15"]));
    assert_eq!(place.set(&by(two)).await, ["p05", "p07"], "every key");
}

pub(crate) async fn by_ids(place: &Place) {
    place.fill(shop()).await;
    let request = filtered(Filter {
        ids: Some(strings(&["p01", "p02", "p03", "nobody"])),
        exclude_ids: strings(&["p02", "somebody"]),
        ..Filter::default()
    });
    assert_eq!(place.set(&request).await, ["p01", "p03"]);
    let none = filtered(Filter {
        ids: Some(Vec::new()),
        ..Filter::default()
    });
    assert!(place.set(&none).await.is_empty());
}

pub(crate) async fn values_are_compared_exactly(place: &Place) {
    let values = [
        "Red",
        "red",
        "RÉD",
        "red ",
        "a\"b",
        "a'b",
        "a\\b",
        "日本",
        "a = b OR c",
        "4",
        "4.0",
    ];
    let products = values.iter().enumerate().map(|(at, value)| {
        let mut product = product(&format!("v{at:02}"), "Thing");
        product.attributes.insert("k.e-y".into(), text(value));
        product
    });
    place.fill(products).await;
    for (at, value) in values.iter().enumerate() {
        let request = filtered(Filter {
            attributes: attribute("k.e-y", &[value]),
            ..Filter::default()
        });
        assert_eq!(place.set(&request).await, [format!("v{at:02}")], "{value:?}");
    }
}

pub(crate) async fn numbers_are_compared_by_value(place: &Place) {
    let values = [
        AttributeValue::Integer(4),
        AttributeValue::Number(4.5),
        AttributeValue::Number(1e21),
        AttributeValue::Number(1e15),
        AttributeValue::Integer(0),
        AttributeValue::Boolean(true),
        text("4"),
    ];
    let products = values.into_iter().enumerate().map(|(at, value)| {
        let mut product = product(&format!("v{at}"), "Thing");
        product.attributes.insert("n".into(), value);
        product
    });
    place.fill(products).await;
    for (typed, expected) in [
        ("4", "v0 v6"),
        ("4.0", "v0"),
        ("4.50", "v1"),
        ("1e21", "v2"),
        ("1E21", "v2"),
        ("1000000000000000", "v3"),
        ("1e15", "v3"),
        ("0.0", "v4"),
        ("-0", "v4"),
        ("true", "v5"),
        ("True", ""),
        ("1", ""),
    ] {
        let request = filtered(Filter {
            attributes: attribute("n", &[typed]),
            ..Filter::default()
        });
        assert_eq!(place.set(&request).await.join(" "), expected, "{typed}");
    }
    let by_value = Request {
        facets: vec![Facet::Attribute("n".into())],
        ..filtered(Filter::default())
    };
    let answer = place.answer(&by_value).await;
    let counts: Vec<(&str, u64)> = answer.facets[0]
        .values
        .iter()
        .map(|counted| (counted.value.as_str(), counted.count))
        .collect();
    assert_eq!(
        counts,
        [
            ("4", 2),
            ("0", 1),
            ("1000000000000000", 1),
            ("1e+21", 1),
            ("4.5", 1),
            ("true", 1)
        ],
        "the number and the text are one choice"
    );
}

pub(crate) async fn together_with_words(place: &Place) {
    place.fill(shop()).await;
    let request = Request {
        words: "wireless".into(),
        ..filtered(Filter {
            attributes: attribute("colour", &["black"]),
            price: PriceRange {
                max: Some(3_000),
                ..PriceRange::default()
            },
            ..Filter::default()
        })
    };
    let answer = place.answer(&request).await;
    assert_eq!(answer.total, 1);
    assert_eq!(answer.hits[0].id, "p03");
    assert_eq!(place.set(&words("wireless")).await, ["p01", "p03"]);
}
