//! The stored JSON of every event. The files are a promise to histories that exist: when a test here
//! fails, add a version and an upcaster, and leave the file as it is.

use std::{collections::BTreeSet, fs, path::Path};

use cqrs_es::{Aggregate, DomainEvent};
use domain::{
    credit::{Credit, CreditEvent},
    email::{EmailClaim, EmailEvent},
    login::{LoginEvent, Logins},
    order::{Order, OrderEvent},
    process::{Process, ProcessEvent},
    product::{Product, ProductEvent},
    projection::{ReadModel, ReadModelEvent},
    search_settings::{SearchSettings, SearchSettingsEvent},
    sku::{SkuClaim, SkuEvent},
    stock::{Stock, StockEvent},
    user::{User, UserEvent},
};

/// Reads every `<EventType>[.<case>].v1.json` of an aggregate and writes it again.
fn check<A: Aggregate>(types: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src")
        .join(A::TYPE)
        .join("golden");
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let stem = file
            .strip_suffix(".v1.json")
            .unwrap_or_else(|| panic!("{file} is not named <EventType>.v1.json"));
        let event_type = stem.split('.').next().unwrap();
        let stored = fs::read_to_string(&path).unwrap();
        let event: A::Event = serde_json::from_str(&stored).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(event.event_type(), event_type, "{file}");
        assert_eq!(event.event_version(), "1.0", "{file}");
        let written = serde_json::to_string_pretty(&event).unwrap() + "\n";
        assert_eq!(written, stored, "{file}");
        if stem == event_type {
            seen.insert(event_type.to_owned());
        }
    }
    let wanted = types.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(seen, wanted, "one golden file per event of {}", A::TYPE);
}

#[test]
fn product_events() {
    check::<Product>(ProductEvent::TYPES);
}

#[test]
fn sku_events() {
    check::<SkuClaim>(SkuEvent::TYPES);
}

#[test]
fn stock_events() {
    check::<Stock>(StockEvent::TYPES);
}

#[test]
fn order_events() {
    check::<Order>(OrderEvent::TYPES);
}

#[test]
fn credit_events() {
    check::<Credit>(CreditEvent::TYPES);
}

#[test]
fn user_events() {
    check::<User>(UserEvent::TYPES);
}

#[test]
fn email_events() {
    check::<EmailClaim>(EmailEvent::TYPES);
}

#[test]
fn login_events() {
    check::<Logins>(LoginEvent::TYPES);
}

#[test]
fn projection_events() {
    check::<ReadModel>(ReadModelEvent::TYPES);
}

#[test]
fn process_events() {
    check::<Process>(ProcessEvent::TYPES);
}

#[test]
fn search_settings_events() {
    check::<SearchSettings>(SearchSettingsEvent::TYPES);
}

#[test]
fn aggregate_types_are_those_of_the_store() {
    let types = [
        Product::TYPE,
        Stock::TYPE,
        Order::TYPE,
        Credit::TYPE,
        SkuClaim::TYPE,
        User::TYPE,
        EmailClaim::TYPE,
        Logins::TYPE,
        ReadModel::TYPE,
        SearchSettings::TYPE,
        Process::TYPE,
    ];
    assert_eq!(
        types,
        [
            "product",
            "stock",
            "order",
            "credit",
            "sku",
            "user",
            "email",
            "login",
            "projection",
            "search_settings",
            "process"
        ]
    );
}

/// A field that a later version adds must not make this version refuse the event.
#[test]
fn unknown_fields_are_passed_over() {
    let json = r#"{"StockReceived":{"quantity":3,"supplier":"ACME"}}"#;
    let event: StockEvent = serde_json::from_str(json).unwrap();
    assert_eq!(
        event,
        StockEvent::StockReceived {
            quantity: domain::Quantity::new(3).unwrap(),
            reason: None
        }
    );
}
