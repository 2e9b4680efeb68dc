//! Random orders: their totals are exact or refused.

use cqrs_es::Aggregate;
use domain::{
    MAX_PRICE, MAX_TOTAL,
    order::{Order, OrderCommand, OrderError, OrderEvent, OrderStatus, PlaceOrder},
};
use proptest::{collection, prelude::*};

use crate::{
    fixtures::{credit_id, fold, reason, stored},
    order_place::{line, place},
};

/// Small numbers, and numbers whose product is near the limit or beyond 64 bits.
fn priced() -> impl Strategy<Value = (i64, i64)> {
    prop_oneof![
        4 => (1_i64..100, 0_i64..100_000),
        1 => (900_i64..1_100, MAX_PRICE - 1_000..=MAX_PRICE),
        1 => (1_i64..=1_000_000_000, 0..=MAX_PRICE),
    ]
}

fn command() -> impl Strategy<Value = OrderCommand> {
    prop_oneof![
        2 => collection::vec((1_i64..9, 1_i64..999), 1..3).prop_map(|lines| {
            OrderCommand::Place(PlaceOrder {
                lines: lines.into_iter().map(|(units, price)| line(1, units, price)).collect(),
                ..place()
            })
        }),
        2 => Just(OrderCommand::Cancel { reason: reason("mistake") }),
        1 => Just(OrderCommand::Abandon { reason: reason("late") }),
        1 => (0_u64..3, 0_i64..3).prop_map(|(number, amount)| OrderCommand::Credit {
            credit_id: credit_id(number),
            amount,
            units: 1,
        }),
    ]
}

proptest! {
    #[test]
    fn totals_are_exact_or_refused(lines in collection::vec(priced(), 1..6)) {
        let command = OrderCommand::Place(PlaceOrder {
            lines: lines.iter().map(|(units, price)| line(1, *units, *price)).collect(),
            ..place()
        });
        let totals: Vec<i128> =
            lines.iter().map(|(units, price)| i128::from(*units) * i128::from(*price)).collect();
        let limit = i128::from(MAX_TOTAL);
        let too_large = totals.iter().position(|total| *total > limit);
        let sum: i128 = totals.iter().sum();
        match Order::default().decide(&command) {
            Ok(events) => {
                let [OrderEvent::OrderPlaced(placed)] = &events[..] else {
                    panic!("{events:?}");
                };
                prop_assert_eq!(i128::from(placed.total), sum);
                prop_assert!(sum <= limit);
                let line_totals: Vec<_> =
                    placed.lines.iter().map(|line| i128::from(line.total)).collect();
                prop_assert_eq!(line_totals, totals);
                prop_assert_eq!(&stored(&events[0]), &events[0]);
            }
            Err(error) => {
                prop_assert_eq!(error, OrderError::TotalTooLarge { line: too_large });
                prop_assert!(sum > limit);
            }
        }
    }

    #[test]
    fn an_order_ends_once(commands in collection::vec(command(), 1..20)) {
        let mut order = Order::default();
        let mut history = Vec::new();
        for command in &commands {
            let before = order.clone();
            if let Ok(events) = order.decide(command) {
                for event in events {
                    order.apply(event.clone());
                    history.push(event);
                }
            }
            match before.status() {
                Some(OrderStatus::Cancelled | OrderStatus::Expired) => {
                    prop_assert_eq!(&order, &before);
                }
                Some(_) => prop_assert_eq!(order.facts(), before.facts()),
                None => {}
            }
            prop_assert_eq!(&stored(&order), &order);
        }
        let facts = history
            .iter()
            .filter(|event| matches!(
                event,
                OrderEvent::OrderPlaced(_) | OrderEvent::OrderAbandoned { .. }
            ))
            .count();
        prop_assert!(facts <= 1);
        prop_assert_eq!(fold::<Order>(history), order);
    }
}
