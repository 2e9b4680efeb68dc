//! Values that tests are made of.

use cqrs_es::{
    Aggregate,
    test::{AggregateTestExecutor, TestFramework},
};
use domain::{
    CategoryPath, CreditId, Currency, Money, OrderId, Price, ProductId, ProductName, Quantity, Reason, Sku, UserId,
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// A UUID of version 7 that sorts by `number`.
pub(crate) fn uuid(number: u64) -> Uuid {
    let base = 0x0193_9b7e_5c1a_7000_8000_0000_0000_0000_u128;
    Uuid::from_u128(base + u128::from(number))
}

pub(crate) fn product_id(number: u64) -> ProductId {
    ProductId::new(uuid(number))
}

pub(crate) fn order_id(number: u64) -> OrderId {
    OrderId::new(uuid(number))
}

pub(crate) fn user_id(number: u64) -> UserId {
    UserId::new(uuid(number))
}

pub(crate) fn credit_id(number: u64) -> CreditId {
    CreditId::new(uuid(number))
}

pub(crate) fn quantity(units: i64) -> Quantity {
    Quantity::new(units).unwrap()
}

pub(crate) fn reason(text: &str) -> Reason {
    Reason::new(text).unwrap()
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

pub(crate) fn name(text: &str) -> ProductName {
    ProductName::new(text).unwrap()
}

pub(crate) fn category(text: &str) -> CategoryPath {
    CategoryPath::new(text).unwrap()
}

pub(crate) fn gbp(amount: i64) -> Money {
    Money::new(amount, Currency::GBP)
}

pub(crate) fn price(amount: i64) -> Price {
    Price::new(gbp(amount)).unwrap()
}

pub(crate) fn given<A: Aggregate<Services = ()>>(events: Vec<A::Event>) -> AggregateTestExecutor<A> {
    TestFramework::with(()).given(events)
}

pub(crate) fn fold<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> A {
    let mut state = A::default();
    for event in events {
        state.apply(event);
    }
    state
}

/// What comes back from the store.
pub(crate) fn stored<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}
