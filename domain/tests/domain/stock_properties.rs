//! Random commands on a stock, beside a model that knows nothing of events.

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use domain::Quantity;
use domain::stock::{MAX_ON_HAND, Stock, StockCommand, StockError};
use proptest::prelude::*;

use crate::fixtures::{fold, order_id, quantity, reason, stored};

/// Numbers that make limits meet: mostly few units, now and then a great many.
fn units() -> impl Strategy<Value = i64> {
    prop_oneof![6 => 1_i64..12, 1 => 999_999_990_i64..=1_000_000_000]
}

fn command() -> impl Strategy<Value = StockCommand> {
    let order = || (0_u64..8).prop_map(order_id);
    prop_oneof![
        2 => units().prop_map(|units| StockCommand::Receive {
            quantity: quantity(units),
            reason: None,
        }),
        2 => prop_oneof![6 => -12_i64..12, 1 => any::<i64>()].prop_map(|delta| {
            StockCommand::Adjust { delta, reason: reason("counted") }
        }),
        2 => (prop_oneof![6 => -1_i64..20, 1 => MAX_ON_HAND - 2..=MAX_ON_HAND + 2], -1_i64..20)
            .prop_map(|(quantity, expected)| StockCommand::Set { quantity, expected, reason: None }),
        6 => (order(), units()).prop_map(|(order_id, units)| StockCommand::Reserve {
            order_id,
            quantity: quantity(units),
        }),
        2 => order().prop_map(|order_id| StockCommand::Release {
            order_id,
            reason: reason("cancelled"),
        }),
        2 => order().prop_map(|order_id| StockCommand::Commit { order_id }),
        2 => (order(), proptest::option::of(units())).prop_map(|(order_id, units)| StockCommand::Restore {
            order_id,
            quantity: units.map(quantity),
            reason: reason("an answer was lost"),
        }),
    ]
}

#[derive(Clone, Copy, PartialEq)]
enum Hold {
    Held(i64),
    Over,
}

/// A stock as one would write it with variables.
#[derive(Default)]
struct Model {
    on_hand: i64,
    holds: BTreeMap<String, Hold>,
}

impl Model {
    fn reserved(&self) -> i64 {
        self.holds
            .values()
            .map(|hold| match hold {
                Hold::Held(units) => *units,
                Hold::Over => 0,
            })
            .sum()
    }

    /// Does what is allowed; answers whether it was, and whether anything changed.
    fn run(&mut self, command: &StockCommand) -> Result<bool, &'static str> {
        match command {
            StockCommand::Receive { quantity, .. } => self.move_to(self.on_hand + quantity.get()),
            StockCommand::Adjust { delta, .. } => {
                if *delta == 0 {
                    return Err("zero");
                }
                if delta.unsigned_abs() > 1_000_000_000 {
                    return Err("range");
                }
                self.move_to(self.on_hand + delta)
            }
            StockCommand::Set { quantity, expected, .. } => {
                if *quantity < 0 || *quantity > MAX_ON_HAND {
                    return Err("range");
                }
                if *expected != self.on_hand {
                    return Err("expectation");
                }
                self.move_to(*quantity)
            }
            StockCommand::Reserve { order_id, quantity } => {
                let available = self.on_hand - self.reserved();
                match self.holds.get(&order_id.to_string()) {
                    Some(Hold::Over) => Err("over"),
                    Some(Hold::Held(units)) if *units == quantity.get() => Ok(false),
                    Some(Hold::Held(_)) => Err("other quantity"),
                    None if quantity.get() > available => Err("insufficient"),
                    None => {
                        let hold = Hold::Held(quantity.get());
                        self.holds.insert(order_id.to_string(), hold);
                        Ok(true)
                    }
                }
            }
            StockCommand::Release { order_id, .. } => Ok(self.end(&order_id.to_string()) > 0),
            StockCommand::Restore { order_id, quantity, .. } => {
                let order = order_id.to_string();
                let before = match self.holds.get(&order) {
                    Some(Hold::Held(units)) => *units,
                    Some(Hold::Over) | None => 0,
                };
                let wanted = quantity.map_or(0, Quantity::get);
                if wanted == before {
                    return Ok(false);
                }
                if wanted > self.on_hand - self.reserved() + before {
                    return Err("insufficient");
                }
                let hold = if wanted > 0 { Hold::Held(wanted) } else { Hold::Over };
                self.holds.insert(order, hold);
                Ok(true)
            }
            StockCommand::Commit { order_id } => {
                let units = self.end(&order_id.to_string());
                self.on_hand -= units;
                Ok(units > 0)
            }
        }
    }

    fn move_to(&mut self, on_hand: i64) -> Result<bool, &'static str> {
        if on_hand < self.reserved() {
            return Err("below reserved");
        }
        if on_hand > MAX_ON_HAND {
            return Err("too many");
        }
        let moved = on_hand != self.on_hand;
        self.on_hand = on_hand;
        Ok(moved)
    }

    fn end(&mut self, order: &str) -> i64 {
        match self.holds.get_mut(order) {
            Some(hold) => match std::mem::replace(hold, Hold::Over) {
                Hold::Held(units) => units,
                Hold::Over => 0,
            },
            None => 0,
        }
    }
}

fn word(error: StockError) -> &'static str {
    match error {
        StockError::Insufficient { .. } => "insufficient",
        StockError::ExpectationFailed { .. } => "expectation",
        StockError::BelowReserved { .. } => "below reserved",
        StockError::ZeroDelta => "zero",
        StockError::OutOfRange { .. } => "range",
        StockError::TooMany { .. } => "too many",
        StockError::AlreadyReserved { .. } => "other quantity",
        StockError::ReservationClosed { .. } => "over",
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn stock_behaves_like_the_model_and_is_never_oversold(
        commands in prop::collection::vec(command(), 1..80),
        snapshot_at in 0_usize..80,
    ) {
        let mut model = Model::default();
        let mut stock = Stock::default();
        let mut history = Vec::new();
        for (step, command) in commands.iter().enumerate() {
            let decision = stock.decide(command);
            let expected = model.run(command);
            prop_assert_eq!(
                decision.as_ref().map(|events| !events.is_empty()).map_err(|error| word(*error)),
                expected,
                "step {}: {:?} on {:?}", step, command, stock
            );
            for event in decision.unwrap_or_default() {
                prop_assert_eq!(&stored(&event), &event);
                stock.apply(event.clone());
                history.push(event);
            }
            prop_assert!(stock.available() >= 0);
            prop_assert_eq!(stock.available(), stock.on_hand() - stock.reserved());
            let sum: i64 = stock.reservations().map(|(_, units)| units.get()).sum();
            prop_assert_eq!(stock.reserved(), sum);
            prop_assert_eq!(stock.on_hand(), model.on_hand);
            prop_assert_eq!(stock.reserved(), model.reserved());
            if step == snapshot_at {
                stock = stored(&stock);
            }
        }
        prop_assert_eq!(&fold::<Stock>(history), &stock);
    }
}
