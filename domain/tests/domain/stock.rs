use domain::{
    OrderId, Quantity,
    stock::{MAX_ON_HAND, REMEMBERED_CLOSED, Stock, StockCommand, StockError, StockEvent},
};
use uuid::Uuid;

use crate::fixtures::{fold, given, order_id, quantity, reason, stored};

fn received(units: i64) -> StockEvent {
    StockEvent::StockReceived {
        quantity: quantity(units),
        reason: None,
    }
}

fn reserved(order: u64, units: i64) -> StockEvent {
    StockEvent::StockReserved {
        order_id: order_id(order),
        quantity: quantity(units),
    }
}

fn released(order: u64, units: i64) -> StockEvent {
    StockEvent::StockReleased {
        order_id: order_id(order),
        quantity: quantity(units),
        reason: reason("cancelled"),
    }
}

fn committed(order: u64, units: i64) -> StockEvent {
    StockEvent::StockCommitted {
        order_id: order_id(order),
        quantity: quantity(units),
    }
}

fn receive(units: i64) -> StockCommand {
    StockCommand::Receive {
        quantity: quantity(units),
        reason: None,
    }
}

fn adjust(delta: i64) -> StockCommand {
    StockCommand::Adjust {
        delta,
        reason: reason("counted"),
    }
}

fn set(quantity: i64, expected: i64) -> StockCommand {
    StockCommand::Set {
        quantity,
        expected,
        reason: None,
    }
}

fn reserve(order: u64, units: i64) -> StockCommand {
    StockCommand::Reserve {
        order_id: order_id(order),
        quantity: quantity(units),
    }
}

fn release(order: u64) -> StockCommand {
    StockCommand::Release {
        order_id: order_id(order),
        reason: reason("cancelled"),
    }
}

fn commit(order: u64) -> StockCommand {
    StockCommand::Commit {
        order_id: order_id(order),
    }
}

#[test]
fn receive_adds() {
    given::<Stock>(vec![])
        .when(StockCommand::Receive {
            quantity: quantity(5),
            reason: Some(reason("delivery")),
        })
        .then_expect_events(vec![StockEvent::StockReceived {
            quantity: quantity(5),
            reason: Some(reason("delivery")),
        }]);
    assert_eq!(fold::<Stock>([received(5), received(2)]).on_hand(), 7);
}

#[test]
fn shelf_has_an_end() {
    let full = StockEvent::StockSet {
        quantity: MAX_ON_HAND,
        previous: 0,
        reason: None,
    };
    for command in [receive(1), adjust(1)] {
        given::<Stock>(vec![full.clone()])
            .when(command)
            .then_expect_error(StockError::TooMany { limit: MAX_ON_HAND });
    }
}

#[test]
fn adjust_goes_both_ways() {
    for delta in [3, -5] {
        given::<Stock>(vec![received(5)])
            .when(adjust(delta))
            .then_expect_events(vec![StockEvent::StockAdjusted {
                delta,
                reason: reason("counted"),
            }]);
    }
}

#[test]
fn adjust_is_not_by_nothing_and_not_beyond_reason() {
    given::<Stock>(vec![received(5)])
        .when(adjust(0))
        .then_expect_error(StockError::ZeroDelta);
    let max = Quantity::MAX.get();
    for delta in [i64::MIN, -max - 1, max + 1, i64::MAX] {
        given::<Stock>(vec![received(5)])
            .when(adjust(delta))
            .then_expect_error(StockError::OutOfRange { min: -max, max });
    }
}

#[test]
fn promised_goods_cannot_be_adjusted_away() {
    given::<Stock>(vec![received(5), reserved(1, 3)])
        .when(adjust(-3))
        .then_expect_error(StockError::BelowReserved {
            reserved: 3,
            on_hand: 2,
        });
    given::<Stock>(vec![])
        .when(adjust(-1))
        .then_expect_error(StockError::BelowReserved {
            reserved: 0,
            on_hand: -1,
        });
}

#[test]
fn set_replaces_what_was_expected() {
    given::<Stock>(vec![received(5)])
        .when(set(9, 5))
        .then_expect_events(vec![StockEvent::StockSet {
            quantity: 9,
            previous: 5,
            reason: None,
        }]);
    given::<Stock>(vec![received(5)])
        .when(set(0, 5))
        .then_expect_events(vec![StockEvent::StockSet {
            quantity: 0,
            previous: 5,
            reason: None,
        }]);
}

#[test]
fn set_to_the_same_changes_nothing() {
    given::<Stock>(vec![received(5)])
        .when(set(5, 5))
        .then_expect_events(vec![]);
}

#[test]
fn set_is_refused_when_the_books_say_otherwise() {
    given::<Stock>(vec![received(5)])
        .when(set(9, 4))
        .then_expect_error(StockError::ExpectationFailed {
            on_hand: 5,
            expected: 4,
        });
}

#[test]
fn set_stays_in_its_limits() {
    for wanted in [-1, MAX_ON_HAND + 1, i64::MIN, i64::MAX] {
        given::<Stock>(vec![received(5)])
            .when(set(wanted, 5))
            .then_expect_error(StockError::OutOfRange {
                min: 0,
                max: MAX_ON_HAND,
            });
    }
    given::<Stock>(vec![received(5), reserved(1, 3)])
        .when(set(2, 5))
        .then_expect_error(StockError::BelowReserved {
            reserved: 3,
            on_hand: 2,
        });
}

#[test]
fn reserve_keeps_what_is_available() {
    given::<Stock>(vec![received(5), reserved(1, 3)])
        .when(reserve(2, 2))
        .then_expect_events(vec![reserved(2, 2)]);
    let stock = fold::<Stock>([received(5), reserved(1, 3), reserved(2, 2)]);
    assert_eq!((stock.on_hand(), stock.reserved(), stock.available()), (5, 5, 0));
    assert_eq!(stock.held_by(order_id(1)), Some(quantity(3)));
    assert_eq!(
        stock.reservations().collect::<Vec<_>>(),
        [(order_id(1), quantity(3)), (order_id(2), quantity(2))]
    );
}

#[test]
fn reserve_never_oversells() {
    given::<Stock>(vec![received(5), reserved(1, 3)])
        .when(reserve(2, 3))
        .then_expect_error(StockError::Insufficient {
            requested: 3,
            available: 2,
        });
    given::<Stock>(vec![])
        .when(reserve(1, 1))
        .then_expect_error(StockError::Insufficient {
            requested: 1,
            available: 0,
        });
}

#[test]
fn reserve_again_changes_nothing_even_when_sold_out() {
    given::<Stock>(vec![received(3), reserved(1, 3)])
        .when(reserve(1, 3))
        .then_expect_events(vec![]);
}

#[test]
fn reserve_again_with_another_quantity_is_refused() {
    given::<Stock>(vec![received(9), reserved(1, 3)])
        .when(reserve(1, 4))
        .then_expect_error(StockError::AlreadyReserved {
            order_id: order_id(1),
            held: 3,
        });
}

/// No decision leads there; the books must add up all the same.
#[test]
fn the_last_word_on_a_hold_counts() {
    let stock = fold::<Stock>([received(9), reserved(1, 3), reserved(1, 4)]);
    assert_eq!((stock.reserved(), stock.available()), (4, 5));
    assert_eq!(stock.held_by(order_id(1)), Some(quantity(4)));
}

#[test]
fn release_gives_back_all() {
    given::<Stock>(vec![received(5), reserved(1, 3)])
        .when(release(1))
        .then_expect_events(vec![released(1, 3)]);
    let stock = fold::<Stock>([received(5), reserved(1, 3), released(1, 3)]);
    assert_eq!((stock.on_hand(), stock.reserved(), stock.available()), (5, 0, 5));
}

#[test]
fn commit_takes_off_the_shelf() {
    given::<Stock>(vec![received(5), reserved(1, 3)])
        .when(commit(1))
        .then_expect_events(vec![committed(1, 3)]);
    let stock = fold::<Stock>([received(5), reserved(1, 3), committed(1, 3)]);
    assert_eq!((stock.on_hand(), stock.reserved(), stock.available()), (2, 0, 2));
}

#[test]
fn ending_what_is_not_held_changes_nothing() {
    let histories = [
        vec![received(5)],
        vec![received(5), reserved(1, 3), released(1, 3)],
        vec![received(5), reserved(1, 3), committed(1, 3)],
    ];
    for history in histories {
        for command in [release(1), commit(1)] {
            given::<Stock>(history.clone()).when(command).then_expect_events(vec![]);
        }
    }
}

#[test]
fn a_late_reservation_of_an_ended_order_is_refused() {
    for end in [released(1, 3), committed(1, 3)] {
        given::<Stock>(vec![received(50), reserved(1, 3), end])
            .when(reserve(1, 3))
            .then_expect_error(StockError::ReservationClosed { order_id: order_id(1) });
    }
}

/// So many orders that most of them are forgotten one by one: all stay closed, in bounded space.
#[test]
fn closed_orders_stay_closed_in_bounded_space() {
    let count = 4 * REMEMBERED_CLOSED as u64;
    let mut history = vec![received(1_000)];
    for order in 1..=count {
        history.push(reserved(order, 1));
        history.push(released(order, 1));
    }
    let stock = stored(&fold::<Stock>(history));
    for order in 1..=count {
        assert_eq!(
            stock.decide(&reserve(order, 1)),
            Err(StockError::ReservationClosed {
                order_id: order_id(order)
            })
        );
    }
    assert_eq!(stock.decide(&reserve(count + 1, 1)), Ok(vec![reserved(count + 1, 1)]));
    let snapshot = serde_json::to_string(&stock).unwrap();
    assert!(snapshot.len() < 50 * REMEMBERED_CLOSED, "{}", snapshot.len());
}

/// The price of the bounded space: who comes too late is refused without having held anything.
#[test]
fn an_order_older_than_all_remembered_ones_is_refused() {
    let count = 2 * REMEMBERED_CLOSED as u64;
    let mut history = vec![received(10_000)];
    for order in 2..=count {
        history.push(reserved(order, 1));
        history.push(committed(order, 1));
    }
    given::<Stock>(history.clone())
        .when(reserve(1, 1))
        .then_expect_error(StockError::ReservationClosed { order_id: order_id(1) });
    let unordered = OrderId::new(Uuid::from_u128(0x4000_8000_0000_0000_0000));
    assert!(unordered < order_id(1));
    given::<Stock>(history)
        .when(StockCommand::Reserve {
            order_id: unordered,
            quantity: Quantity::ONE,
        })
        .then_expect_events(vec![StockEvent::StockReserved {
            order_id: unordered,
            quantity: Quantity::ONE,
        }]);
}

/// A hold that is older than the forgotten ones is still a hold.
#[test]
fn an_old_hold_is_not_closed_by_younger_orders() {
    let count = 2 * REMEMBERED_CLOSED as u64;
    let mut history = vec![received(1_000), reserved(1, 7)];
    for order in 2..=count {
        history.push(reserved(order, 1));
        history.push(released(order, 1));
    }
    let stock = fold::<Stock>(history);
    assert!(!stock.is_closed(order_id(1)));
    assert_eq!(stock.decide(&reserve(1, 7)), Ok(vec![]));
    assert_eq!(stock.decide(&release(1)), Ok(vec![released(1, 7)]));
}

fn restore(order: u64, units: Option<i64>) -> StockCommand {
    StockCommand::Restore {
        order_id: order_id(order),
        quantity: units.map(quantity),
        reason: reason("cancelled"),
    }
}

#[test]
fn a_repair_keeps_what_is_owed_also_for_an_order_that_gave_its_stock_back() {
    let closed = vec![received(5), reserved(1, 3), released(1, 3)];
    given::<Stock>(closed.clone())
        .when(restore(1, Some(3)))
        .then_expect_events(vec![reserved(1, 3)]);
    let mended = [closed, vec![reserved(1, 3)]].concat();
    given::<Stock>(mended.clone())
        .when(restore(1, Some(3)))
        .then_expect_events(vec![]);
    // What it holds is part of what it may have.
    given::<Stock>(mended.clone())
        .when(restore(1, Some(5)))
        .then_expect_events(vec![released(1, 3), reserved(1, 5)]);
    given::<Stock>(mended.clone())
        .when(restore(1, None))
        .then_expect_events(vec![released(1, 3)]);
    given::<Stock>(mended)
        .when(restore(1, Some(6)))
        .then_expect_error(StockError::Insufficient {
            requested: 6,
            available: 5,
        });
    given::<Stock>(vec![received(5)])
        .when(restore(1, None))
        .then_expect_events(vec![]);
}

#[test]
fn a_repair_never_takes_what_is_kept_for_others() {
    given::<Stock>(vec![received(5), reserved(1, 3), released(1, 3), reserved(2, 4)])
        .when(restore(1, Some(3)))
        .then_expect_error(StockError::Insufficient {
            requested: 3,
            available: 1,
        });
}
