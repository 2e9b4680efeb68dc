use domain::{
    Country, Currency, CustomerReference, ExternalId, MAX_PRICE, MAX_TOTAL, OrderId, Quantity, Source, UserId,
    order::{
        CancelledOrder, Discount, DiscountCode, DiscountKind, ImportOrder, ImportedLine, ImportedOrder, LineKind,
        LineProblem, MAX_IMPORTED_LINES, Order, OrderCommand, OrderCredit, OrderError, OrderEvent, OrderStatus,
    },
};

use crate::{
    fixtures::{category, credit_id, fold, given, name, product_id, reason, sku, stored},
    order_place::{place, placed},
};

fn is_placed() -> OrderEvent {
    OrderEvent::OrderPlaced(placed())
}

fn cancelled() -> OrderEvent {
    let placed = placed();
    OrderEvent::OrderCancelled(CancelledOrder {
        reason: reason("changed my mind"),
        number: placed.number,
        customer_id: placed.customer_id,
        country: placed.country,
        currency: placed.currency,
        lines: placed.lines,
        total: placed.total,
        placed_at: placed.placed_at,
    })
}

fn abandoned() -> OrderEvent {
    OrderEvent::OrderAbandoned {
        reason: reason("reservation expired"),
    }
}

fn cancel() -> OrderCommand {
    OrderCommand::Cancel {
        reason: reason("changed my mind"),
    }
}

fn abandon() -> OrderCommand {
    OrderCommand::Abandon {
        reason: reason("reservation expired"),
    }
}

fn discount(amount: i64) -> Discount {
    Discount {
        amount,
        kind: DiscountKind::Coupon,
        code: Some(DiscountCode::new("SUMMER10").unwrap()),
        campaign: None,
    }
}

pub(crate) fn product_line() -> ImportedLine {
    ImportedLine {
        kind: LineKind::Product,
        product_id: Some(product_id(1)),
        sku: sku("85123A"),
        name: name("WHITE HANGING HEART T-LIGHT HOLDER"),
        category: category(""),
        quantity: 6,
        unit_price: 255,
        total: 1_530,
        discount: 0,
        discounts: Vec::new(),
        tax: 0,
    }
}

fn fee_line() -> ImportedLine {
    ImportedLine {
        kind: LineKind::Fee,
        product_id: None,
        sku: sku("BANK CHARGES"),
        quantity: -1,
        unit_price: -1_106_206,
        total: -1_106_206,
        ..product_line()
    }
}

fn adjustment_line() -> ImportedLine {
    ImportedLine {
        kind: LineKind::Adjustment,
        quantity: -9_600,
        unit_price: 0,
        total: 0,
        ..product_line()
    }
}

pub(crate) fn import() -> ImportOrder {
    ImportOrder {
        order_id: OrderId::imported("online-retail", "536365"),
        source: Source::new("online-retail").unwrap(),
        external_id: ExternalId::new("536365").unwrap(),
        customer_id: Some(UserId::imported("online-retail", "17850")),
        customer_reference: Some(CustomerReference::new("17850").unwrap()),
        country: Some(Country::new("United Kingdom").unwrap()),
        currency: Currency::GBP,
        lines: vec![product_line(), fee_line(), adjustment_line()],
    }
}

fn imported() -> OrderEvent {
    let import = import();
    OrderEvent::OrderImported(ImportedOrder {
        order_id: import.order_id,
        source: import.source,
        external_id: import.external_id,
        customer_id: import.customer_id,
        customer_reference: import.customer_reference,
        country: import.country,
        currency: import.currency,
        lines: import.lines,
        total: 1_530 - 1_106_206,
    })
}

fn credit(number: u64, amount: i64, units: i64) -> OrderCommand {
    OrderCommand::Credit {
        credit_id: credit_id(number),
        amount,
        units,
    }
}

fn credited(number: u64, amount: i64, units: i64) -> OrderEvent {
    OrderEvent::OrderCredited {
        credit_id: credit_id(number),
        amount,
        units,
    }
}

#[test]
fn cancel_records_what_readers_need() {
    given::<Order>(vec![is_placed()])
        .when(cancel())
        .then_expect_events(vec![cancelled()]);
    let order = fold::<Order>([is_placed(), cancelled()]);
    assert_eq!(order.status(), Some(OrderStatus::Cancelled));
    assert_eq!(order.reason(), Some(&reason("changed my mind")));
    assert_eq!(order.placed(), Some(&placed()));
    assert_eq!(stored(&order), order);
}

#[test]
fn cancel_again_changes_nothing() {
    given::<Order>(vec![is_placed(), cancelled()])
        .when(OrderCommand::Cancel {
            reason: reason("another reason"),
        })
        .then_expect_events(vec![]);
}

#[test]
fn cancel_is_possible_after_confirmation() {
    let pending = serde_json::to_string(&fold::<Order>([is_placed()])).unwrap();
    let confirmed: Order = serde_json::from_str(&pending.replace("\"pending\"", "\"confirmed\"")).unwrap();
    assert_eq!(confirmed.status(), Some(OrderStatus::Confirmed));
    assert_eq!(confirmed.decide(&cancel()), Ok(vec![cancelled()]));
}

#[test]
fn cancel_needs_an_order_that_is_on_its_way() {
    given::<Order>(vec![])
        .when(cancel())
        .then_expect_error(OrderError::NotFound);
    given::<Order>(vec![imported()])
        .when(cancel())
        .then_expect_error(OrderError::NotCancellable {
            status: OrderStatus::Completed,
        });
    given::<Order>(vec![abandoned()])
        .when(cancel())
        .then_expect_error(OrderError::NotCancellable {
            status: OrderStatus::Expired,
        });
}

#[test]
fn abandon_is_first_and_last() {
    given::<Order>(vec![])
        .when(abandon())
        .then_expect_events(vec![abandoned()]);
    given::<Order>(vec![abandoned()])
        .when(abandon())
        .then_expect_events(vec![]);
    let order = fold::<Order>([abandoned()]);
    assert_eq!(order.status(), Some(OrderStatus::Expired));
    assert_eq!(order.reason(), Some(&reason("reservation expired")));
    assert_eq!(order.facts(), None);
}

#[test]
fn an_order_that_exists_cannot_be_abandoned() {
    for (history, status) in [
        (vec![is_placed()], OrderStatus::Pending),
        (vec![is_placed(), cancelled()], OrderStatus::Cancelled),
        (vec![imported()], OrderStatus::Completed),
    ] {
        given::<Order>(history)
            .when(abandon())
            .then_expect_error(OrderError::AlreadyExists { status });
    }
}

#[test]
fn import_records_the_facts() {
    given::<Order>(vec![])
        .when(OrderCommand::Import(import()))
        .then_expect_events(vec![imported()]);
    let order = fold::<Order>([imported()]);
    assert_eq!(order.status(), Some(OrderStatus::Completed));
    assert_eq!(order.imported().unwrap().total, -1_104_676);
    assert_eq!(order.placed(), None);
    assert_eq!(order.currency(), Some(Currency::GBP));
    assert_eq!(stored(&order), order);
}

#[test]
fn import_again_changes_nothing_even_after_a_credit() {
    given::<Order>(vec![imported(), credited(1, 1_530, 6)])
        .when(OrderCommand::Import(import()))
        .then_expect_events(vec![]);
}

#[test]
fn import_of_other_content_is_refused() {
    given::<Order>(vec![imported()])
        .when(OrderCommand::Import(ImportOrder {
            country: None,
            ..import()
        }))
        .then_expect_error(OrderError::ImportedDifferently);
    given::<Order>(vec![is_placed()])
        .when(OrderCommand::Import(import()))
        .then_expect_error(OrderError::AlreadyExists {
            status: OrderStatus::Pending,
        });
    given::<Order>(vec![imported()])
        .when(OrderCommand::Place(place()))
        .then_expect_error(OrderError::AlreadyExists {
            status: OrderStatus::Completed,
        });
}

#[test]
fn import_counts_lines() {
    let with = |count: usize| {
        OrderCommand::Import(ImportOrder {
            lines: vec![product_line(); count],
            ..import()
        })
    };
    given::<Order>(vec![])
        .when(with(0))
        .then_expect_error(OrderError::NoLines);
    given::<Order>(vec![])
        .when(with(MAX_IMPORTED_LINES + 1))
        .then_expect_error(OrderError::TooManyLines {
            count: 10_001,
            limit: 10_000,
        });
    let accepted = given::<Order>(vec![]).when(with(MAX_IMPORTED_LINES)).inspect_result();
    assert_eq!(accepted.unwrap().len(), 1);
}

#[test]
fn import_checks_discount_and_tax_of_each_line() {
    for (line, problem) in [
        (
            ImportedLine {
                discount: -1,
                ..product_line()
            },
            LineProblem::Discount,
        ),
        (
            ImportedLine {
                discount: 100,
                discounts: vec![discount(60), discount(41)],
                ..product_line()
            },
            LineProblem::Discounts,
        ),
        (
            ImportedLine {
                discount: 100,
                discounts: vec![discount(101), discount(-1)],
                ..product_line()
            },
            LineProblem::Discounts,
        ),
        (
            ImportedLine {
                tax: 1_531,
                ..product_line()
            },
            LineProblem::Tax,
        ),
        (ImportedLine { tax: 1, ..fee_line() }, LineProblem::Tax),
        (
            ImportedLine {
                tax: -1,
                ..product_line()
            },
            LineProblem::Tax,
        ),
        (
            ImportedLine {
                discount: 1,
                ..adjustment_line()
            },
            LineProblem::MoneyInAdjustment,
        ),
    ] {
        given::<Order>(vec![])
            .when(OrderCommand::Import(ImportOrder {
                lines: vec![product_line(), line],
                ..import()
            }))
            .then_expect_error(OrderError::InvalidLine { line: 1, problem });
    }
}

#[test]
fn import_checks_each_line() {
    let max = Quantity::MAX.get();
    for (line, problem) in [
        (
            ImportedLine {
                product_id: None,
                ..product_line()
            },
            LineProblem::ProductMissing,
        ),
        (
            ImportedLine {
                product_id: Some(product_id(1)),
                ..fee_line()
            },
            LineProblem::ProductOnFee,
        ),
        (
            ImportedLine {
                total: 1,
                ..adjustment_line()
            },
            LineProblem::MoneyInAdjustment,
        ),
        (
            ImportedLine {
                unit_price: 1,
                ..adjustment_line()
            },
            LineProblem::MoneyInAdjustment,
        ),
        (
            ImportedLine {
                quantity: -1,
                ..product_line()
            },
            LineProblem::Quantity,
        ),
        (
            ImportedLine {
                quantity: 0,
                ..fee_line()
            },
            LineProblem::Quantity,
        ),
        (
            ImportedLine {
                quantity: -max - 1,
                ..adjustment_line()
            },
            LineProblem::Quantity,
        ),
        (
            ImportedLine {
                unit_price: -1,
                ..product_line()
            },
            LineProblem::UnitPrice,
        ),
        (
            ImportedLine {
                unit_price: -MAX_PRICE - 1,
                ..fee_line()
            },
            LineProblem::UnitPrice,
        ),
        (
            ImportedLine {
                total: -1,
                ..product_line()
            },
            LineProblem::Total,
        ),
        (
            ImportedLine {
                total: i64::MIN,
                ..fee_line()
            },
            LineProblem::Total,
        ),
    ] {
        given::<Order>(vec![])
            .when(OrderCommand::Import(ImportOrder {
                lines: vec![product_line(), line],
                ..import()
            }))
            .then_expect_error(OrderError::InvalidLine { line: 1, problem });
    }
}

#[test]
fn import_total_has_a_limit() {
    let large = ImportedLine {
        total: MAX_TOTAL,
        ..product_line()
    };
    given::<Order>(vec![])
        .when(OrderCommand::Import(ImportOrder {
            lines: vec![large.clone(), large],
            ..import()
        }))
        .then_expect_error(OrderError::TotalTooLarge { line: None });
}

#[test]
fn credits_add_up() {
    given::<Order>(vec![imported(), credited(1, 255, 1)])
        .when(credit(2, 510, 2))
        .then_expect_events(vec![credited(2, 510, 2)]);
    let order = fold::<Order>([imported(), credited(1, 255, 1), credited(2, 510, 2)]);
    assert_eq!(order.credited(), 765);
    assert_eq!(
        order.credits().get(&credit_id(1)),
        Some(&OrderCredit { amount: 255, units: 1 })
    );
    assert_eq!(order.status(), Some(OrderStatus::Completed));
    assert_eq!(stored(&order), order);
}

#[test]
fn the_same_credit_counts_once() {
    given::<Order>(vec![imported(), credited(1, 255, 1)])
        .when(credit(1, 255, 1))
        .then_expect_events(vec![]);
    for other in [credit(1, 256, 1), credit(1, 255, 2)] {
        given::<Order>(vec![imported(), credited(1, 255, 1)])
            .when(other)
            .then_expect_error(OrderError::CreditedDifferently {
                credit_id: credit_id(1),
            });
    }
}

#[test]
fn only_what_was_sold_can_be_credited() {
    given::<Order>(vec![])
        .when(credit(1, 1, 1))
        .then_expect_error(OrderError::NotFound);
    for (history, status) in [
        (vec![is_placed()], OrderStatus::Pending),
        (vec![is_placed(), cancelled()], OrderStatus::Cancelled),
        (vec![abandoned()], OrderStatus::Expired),
    ] {
        given::<Order>(history)
            .when(credit(1, 1, 1))
            .then_expect_error(OrderError::NotCreditable { status });
    }
}

#[test]
fn credits_do_not_wrap() {
    for (amount, units) in [(i64::MAX, 1), (i64::MIN, 1), (MAX_TOTAL, 1), (1, i64::MAX)] {
        given::<Order>(vec![imported(), credited(1, 255, 1)])
            .when(credit(2, amount, units))
            .then_expect_error(OrderError::CreditTooLarge);
    }
}
