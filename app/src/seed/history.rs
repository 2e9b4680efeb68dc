//! The orders of the past year, and what came back.

use chrono::{DateTime, TimeDelta, Utc};
use proto::v1::{ImportOrderLine, ImportOrderRow, LineKind};

use super::calendar::Calendar;
use super::catalogue::{CURRENCY, Item};
use super::customers::Customer;
use super::random::Random;

/// The system that the history is said to come from.
pub(super) const SOURCE: &str = "demo";
/// Postage, and the value in pence from which there is none.
const POSTAGE: (i64, i64) = (395, 5_000);

/// External id of an order.
pub(super) fn external_id(index: u64) -> String {
    format!("D{index:06}")
}

/// The order of a number, from a year's calendar and a catalogue.
pub(super) fn order(index: u64, calendar: &Calendar, items: &[Item], customers: &[Customer]) -> ImportOrderRow {
    let random = &mut Random::of("order", index);
    let time = if index == 0 {
        // The first order of all tells later runs when the shop opened.
        calendar.opening() + TimeDelta::hours(9)
    } else {
        calendar.draw(random)
    };
    // A few customers buy a lot, and a few products sell a lot.
    let customer = random.skewed(customers.len() as u64, 2);
    let customer = usize::try_from(customer).ok().and_then(|index| customers.get(index));
    let mut lines: Vec<ImportOrderLine> = Vec::new();
    for _ in 0..=random.weighted(&[36, 28, 18, 12, 6]) {
        let popular = random.skewed(items.len() as u64, 3);
        // Popular products stand anywhere in the catalogue: 7919 is prime to the number of products.
        let place = popular.wrapping_mul(7_919) % (items.len() as u64).max(1);
        let Some(item) = usize::try_from(place).ok().and_then(|place| items.get(place)) else {
            continue;
        };
        let known = lines.iter().any(|line| line.sku == item.row.sku);
        if !known {
            let quantity = [1, 1, 1, 2, 2, 3, 4, 6][random.weighted(&[1; 8])];
            lines.push(product_line(item, quantity));
        }
    }
    let goods: i64 = lines.iter().map(|line| line.total).sum();
    if goods < POSTAGE.1 {
        lines.push(ImportOrderLine {
            kind: LineKind::Fee.into(),
            sku: "POSTAGE".to_owned(),
            name: "Postage".to_owned(),
            quantity: 1,
            unit_price: POSTAGE.0,
            total: POSTAGE.0,
            ..ImportOrderLine::default()
        });
    }
    ImportOrderRow {
        external_id: external_id(index),
        credit: false,
        customer_reference: customer.map(|customer| customer.reference.clone()).unwrap_or_default(),
        country: customer.map(|customer| customer.country.to_owned()).unwrap_or_default(),
        currency: CURRENCY.to_owned(),
        lines,
        occurred_at_micros: time.timestamp_micros(),
    }
}

/// The credit for what came back of an order: of 2 in 100 everything, because it was called off; of 4 one line.
pub(super) fn credit(index: u64, order: &ImportOrderRow, end: DateTime<Utc>) -> Option<ImportOrderRow> {
    let random = &mut Random::of("credit", index);
    let chance = random.below(100);
    let (delay, only_first) = match chance {
        0..2 => (TimeDelta::minutes(random.between(5, 300)), false),
        2..6 => (TimeDelta::minutes(random.between(2 * 24 * 60, 14 * 24 * 60)), true),
        _ => return None,
    };
    let time = order.occurred_at_micros + delay.num_microseconds()?;
    if time >= end.timestamp_micros() {
        return None;
    }
    let count = if only_first { 1 } else { order.lines.len() };
    let lines = order.lines.iter().take(count).map(|line| ImportOrderLine {
        credits_external_id: order.external_id.clone(),
        ..line.clone()
    });
    Some(ImportOrderRow {
        external_id: format!("C-{}", order.external_id),
        credit: true,
        lines: lines.collect(),
        occurred_at_micros: time,
        ..order.clone()
    })
}

fn product_line(item: &Item, quantity: i64) -> ImportOrderLine {
    ImportOrderLine {
        kind: LineKind::Product.into(),
        sku: item.row.sku.clone(),
        name: item.row.name.clone(),
        quantity,
        unit_price: item.price(),
        total: item.price() * quantity,
        ..ImportOrderLine::default()
    }
}
