use chrono::{DateTime, Utc};
use domain::{
    Country, CountryCode, Currency, MAX_PRICE, MAX_TOTAL, Money, Price, Quantity,
    order::{
        MAX_LINES, Order, OrderCommand, OrderError, OrderEvent, OrderLine, OrderStatus, PlaceLine, PlaceOrder,
        PlacedOrder,
    },
};

use crate::fixtures::{
    category, fold, gbp, given, name, order_id, price, product_id, quantity, reason, sku, stored, user_id,
};

pub(crate) fn line(product: u64, units: i64, unit_price: i64) -> PlaceLine {
    PlaceLine {
        product_id: product_id(product),
        sku: sku("MUG-1"),
        name: name("Mug"),
        category: category("kitchen/mugs"),
        quantity: quantity(units),
        unit_price: price(unit_price),
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn place() -> PlaceOrder {
    PlaceOrder {
        order_id: order_id(1),
        number: 1_001,
        customer_id: user_id(1),
        country: Some(CountryCode::new("GB").unwrap()),
        currency: Currency::GBP,
        lines: vec![line(1, 2, 1_250), line(2, 1, 99)],
        expected_total: None,
        placed_at: at("2026-08-01T12:30:45.123456Z"),
    }
}

fn placed_line(product: u64, units: i64, unit_price: i64, total: i64) -> OrderLine {
    OrderLine {
        product_id: product_id(product),
        sku: sku("MUG-1"),
        name: name("Mug"),
        category: category("kitchen/mugs"),
        quantity: quantity(units),
        unit_price,
        total,
        discount: 0,
        discounts: Vec::new(),
        tax: 0,
    }
}

pub(crate) fn placed() -> PlacedOrder {
    PlacedOrder {
        order_id: order_id(1),
        number: 1_001,
        customer_id: user_id(1),
        country: Some(Country::new("GB").unwrap()),
        currency: Currency::GBP,
        lines: vec![placed_line(1, 2, 1_250, 2_500), placed_line(2, 1, 99, 99)],
        total: 2_599,
        placed_at: at("2026-08-01T12:30:45.123456Z"),
    }
}

#[test]
fn place_prices_the_lines() {
    given::<Order>(vec![])
        .when(OrderCommand::Place(place()))
        .then_expect_events(vec![OrderEvent::OrderPlaced(placed())]);
}

#[test]
fn placed_order_is_pending() {
    let order = fold::<Order>([OrderEvent::OrderPlaced(placed())]);
    assert_eq!(order.status(), Some(OrderStatus::Pending));
    assert_eq!(order.placed(), Some(&placed()));
    assert_eq!(order.imported(), None);
    assert_eq!(order.currency(), Some(Currency::GBP));
    assert_eq!(stored(&order), order);
}

#[test]
fn the_time_is_kept_in_microseconds() {
    given::<Order>(vec![])
        .when(OrderCommand::Place(PlaceOrder {
            placed_at: at("2026-08-01T12:30:45.123456789Z"),
            ..place()
        }))
        .then_expect_events(vec![OrderEvent::OrderPlaced(placed())]);
}

#[test]
fn the_total_that_was_shown_holds() {
    given::<Order>(vec![])
        .when(OrderCommand::Place(PlaceOrder {
            expected_total: Some(gbp(2_599)),
            ..place()
        }))
        .then_expect_events(vec![OrderEvent::OrderPlaced(placed())]);
}

#[test]
fn another_total_than_was_shown_is_refused() {
    for expected in [gbp(2_598), Money::new(2_599, Currency::EUR)] {
        given::<Order>(vec![])
            .when(OrderCommand::Place(PlaceOrder {
                expected_total: Some(expected),
                ..place()
            }))
            .then_expect_error(OrderError::TotalChanged {
                expected,
                actual: gbp(2_599),
            });
    }
}

#[test]
fn an_id_is_placed_once() {
    given::<Order>(vec![OrderEvent::OrderPlaced(placed())])
        .when(OrderCommand::Place(place()))
        .then_expect_error(OrderError::AlreadyExists {
            status: OrderStatus::Pending,
        });
}

#[test]
fn an_abandoned_order_can_no_longer_be_placed() {
    given::<Order>(vec![OrderEvent::OrderAbandoned { reason: reason("late") }])
        .when(OrderCommand::Place(place()))
        .then_expect_error(OrderError::AlreadyExists {
            status: OrderStatus::Expired,
        });
}

#[test]
fn an_order_has_lines_and_not_too_many() {
    given::<Order>(vec![])
        .when(OrderCommand::Place(PlaceOrder {
            lines: vec![],
            ..place()
        }))
        .then_expect_error(OrderError::NoLines);
    let with = |count: usize| {
        OrderCommand::Place(PlaceOrder {
            lines: vec![line(1, 1, 1); count],
            ..place()
        })
    };
    given::<Order>(vec![])
        .when(with(MAX_LINES + 1))
        .then_expect_error(OrderError::TooManyLines { count: 501, limit: 500 });
    let events = given::<Order>(vec![]).when(with(MAX_LINES)).inspect_result().unwrap();
    assert!(
        matches!(&events[..], [OrderEvent::OrderPlaced(placed)] if placed.total == 500 && placed.lines.len() == 500)
    );
}

#[test]
fn all_lines_are_in_the_currency_of_the_order() {
    let in_euros = PlaceLine {
        unit_price: Price::new(Money::new(100, Currency::EUR)).unwrap(),
        ..line(2, 1, 1)
    };
    given::<Order>(vec![])
        .when(OrderCommand::Place(PlaceOrder {
            lines: vec![line(1, 1, 1), in_euros],
            ..place()
        }))
        .then_expect_error(OrderError::CurrencyMismatch {
            line: 1,
            expected: Currency::GBP,
            actual: Currency::EUR,
        });
}

#[test]
fn totals_have_a_limit_and_do_not_wrap() {
    // 10^12 x 10^9 is beyond 64 bits.
    given::<Order>(vec![])
        .when(OrderCommand::Place(PlaceOrder {
            lines: vec![line(1, 1, 1), line(2, Quantity::MAX.get(), MAX_PRICE)],
            ..place()
        }))
        .then_expect_error(OrderError::TotalTooLarge { line: Some(1) });
    let thousand = MAX_TOTAL / MAX_PRICE;
    given::<Order>(vec![])
        .when(OrderCommand::Place(PlaceOrder {
            lines: vec![line(1, thousand, MAX_PRICE), line(2, 1, 1)],
            ..place()
        }))
        .then_expect_error(OrderError::TotalTooLarge { line: None });
    let events = given::<Order>(vec![])
        .when(OrderCommand::Place(PlaceOrder {
            lines: vec![line(1, thousand, MAX_PRICE)],
            ..place()
        }))
        .inspect_result()
        .unwrap();
    assert!(matches!(&events[..], [OrderEvent::OrderPlaced(placed)] if placed.total == MAX_TOTAL));
}
