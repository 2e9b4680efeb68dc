use std::collections::BTreeMap;

use domain::{
    Country, CreditId, Currency, CustomerReference, ExternalId, MAX_TOTAL, OrderId, Source, UserId,
    credit::{Credit, CreditCommand, CreditError, CreditEvent, CreditLine, IssueCredit, IssuedCredit, by_order},
    order::{ImportedLine, LineKind, LineProblem, MAX_IMPORTED_LINES, OrderCredit},
};

use crate::fixtures::{category, fold, given, name, order_id, product_id, sku, stored};

fn line(order: Option<OrderId>, quantity: i64, total: i64) -> CreditLine {
    CreditLine {
        line: ImportedLine {
            kind: LineKind::Product,
            product_id: Some(product_id(1)),
            sku: sku("85123A"),
            name: name("Holder"),
            category: category(""),
            quantity,
            unit_price: 255,
            total,
            discount: 0,
            discounts: Vec::new(),
            tax: 0,
        },
        order_id: order,
    }
}

fn fee(order: Option<OrderId>, total: i64) -> CreditLine {
    let mut fee = line(order, 1, total);
    fee.line = ImportedLine {
        kind: LineKind::Fee,
        product_id: None,
        sku: sku("POST"),
        unit_price: total,
        ..fee.line
    };
    fee
}

fn issue() -> IssueCredit {
    IssueCredit {
        credit_id: CreditId::imported("online-retail", "C536379"),
        source: Source::new("online-retail").unwrap(),
        external_id: ExternalId::new("C536379").unwrap(),
        customer_id: Some(UserId::imported("online-retail", "14527")),
        customer_reference: Some(CustomerReference::new("14527").unwrap()),
        country: Some(Country::new("United Kingdom").unwrap()),
        currency: Currency::GBP,
        lines: vec![line(Some(order_id(1)), 2, 510), fee(None, -30)],
    }
}

fn issued() -> CreditEvent {
    let issue = issue();
    CreditEvent::CreditIssued(IssuedCredit {
        credit_id: issue.credit_id,
        source: issue.source,
        external_id: issue.external_id,
        customer_id: issue.customer_id,
        customer_reference: issue.customer_reference,
        country: issue.country,
        currency: issue.currency,
        lines: issue.lines,
        total: 480,
    })
}

fn issue_with(lines: Vec<CreditLine>) -> CreditCommand {
    CreditCommand::Issue(IssueCredit { lines, ..issue() })
}

#[test]
fn issue_records_the_facts() {
    given::<Credit>(vec![])
        .when(CreditCommand::Issue(issue()))
        .then_expect_events(vec![issued()]);
    let credit = fold::<Credit>([issued()]);
    assert_eq!(credit.issued().unwrap().total, 480);
    assert_eq!(stored(&credit), credit);
}

#[test]
fn issue_again_changes_nothing() {
    given::<Credit>(vec![issued()])
        .when(CreditCommand::Issue(issue()))
        .then_expect_events(vec![]);
}

#[test]
fn issue_of_other_content_is_refused() {
    given::<Credit>(vec![issued()])
        .when(issue_with(vec![line(None, 2, 510)]))
        .then_expect_error(CreditError::IssuedDifferently);
}

#[test]
fn issue_counts_lines() {
    given::<Credit>(vec![])
        .when(issue_with(vec![]))
        .then_expect_error(CreditError::NoLines);
    given::<Credit>(vec![])
        .when(issue_with(vec![line(None, 1, 1); MAX_IMPORTED_LINES + 1]))
        .then_expect_error(CreditError::TooManyLines {
            count: 10_001,
            limit: 10_000,
        });
}

#[test]
fn issue_checks_each_line() {
    let mut without_product = line(None, 1, 255);
    without_product.line.product_id = None;
    for (wrong, problem) in [
        (line(None, -1, 255), LineProblem::Quantity),
        (line(None, 1, -255), LineProblem::Total),
        (without_product, LineProblem::ProductMissing),
    ] {
        given::<Credit>(vec![])
            .when(issue_with(vec![line(None, 1, 255), wrong]))
            .then_expect_error(CreditError::InvalidLine { line: 1, problem });
    }
}

#[test]
fn issue_total_has_a_limit() {
    given::<Credit>(vec![])
        .when(issue_with(vec![line(None, 1, MAX_TOTAL); 2]))
        .then_expect_error(CreditError::TotalTooLarge);
}

#[test]
fn lines_are_shared_out_to_the_orders_that_they_undo() {
    let lines = [
        line(Some(order_id(1)), 2, 510),
        line(Some(order_id(2)), 1, 255),
        fee(Some(order_id(1)), -30),
        line(None, 7, 1_785),
    ];
    assert_eq!(
        by_order(&lines),
        Ok(BTreeMap::from([
            (order_id(1), OrderCredit { amount: 480, units: 2 }),
            (order_id(2), OrderCredit { amount: 255, units: 1 }),
        ]))
    );
    assert_eq!(
        by_order(&vec![line(Some(order_id(1)), 1, MAX_TOTAL); 2]),
        Err(CreditError::TotalTooLarge)
    );
}
