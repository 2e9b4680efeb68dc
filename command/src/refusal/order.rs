use domain::order::{LineProblem, OrderError, OrderStatus};
use proto::failure::{Failure, FailureKind};
use serde_json::json;

use crate::failure::conflict;

/// Words a refusal of the order.
pub(crate) fn of_order(error: OrderError) -> Failure {
    match error {
        OrderError::NotFound => Failure::new(FailureKind::NotFound, "order_not_found", "there is no such order"),
        OrderError::AlreadyExists {
            status: OrderStatus::Expired,
        } => conflict(
            "reservation_expired",
            "the order took so long to place that its stock was given back; place it again",
        ),
        OrderError::AlreadyExists { status } => {
            conflict("order_exists", error.to_string()).with_data(&json!({"status": status}))
        }
        OrderError::NotCancellable { status } => {
            conflict("order_not_cancellable", error.to_string()).with_data(&json!({"status": status}))
        }
        OrderError::NotCreditable { status } => {
            conflict("order_not_creditable", error.to_string()).with_data(&json!({"status": status}))
        }
        OrderError::NoLines => Failure::invalid("lines", "required", error.to_string()),
        OrderError::TooManyLines { .. } => Failure::invalid("lines", "too_many", error.to_string()),
        OrderError::CurrencyMismatch { line, expected, actual } => conflict("currency_mismatch", error.to_string())
            .with_field(
                format!("lines[{line}].product_id"),
                "currency_mismatch",
                format!("is priced in {actual}"),
            )
            .with_data(&json!({"expected": expected, "actual": actual})),
        OrderError::TotalChanged { expected, actual } => conflict("total_changed", error.to_string())
            .with_field("expected_total", "total_changed", format!("the total is {actual}"))
            .with_data(&json!({"expected": expected, "actual": actual})),
        OrderError::TotalTooLarge { line: None } | OrderError::CreditTooLarge => {
            Failure::invalid("lines", "out_of_range", error.to_string())
        }
        OrderError::TotalTooLarge { line: Some(line) } => {
            Failure::invalid(format!("lines[{line}].quantity"), "out_of_range", error.to_string())
        }
        OrderError::InvalidLine { line, problem } => of_line(line, problem),
        OrderError::ImportedDifferently | OrderError::CreditedDifferently { .. } => {
            conflict("already_imported_differently", error.to_string())
        }
    }
}

/// Words what is wrong with a line of history.
pub(crate) fn of_line(line: usize, problem: LineProblem) -> Failure {
    let (field, code) = match problem {
        LineProblem::ProductMissing => ("sku", "required"),
        LineProblem::ProductOnFee => ("kind", "contradiction"),
        LineProblem::Quantity => ("quantity", "out_of_range"),
        LineProblem::UnitPrice => ("unit_price", "out_of_range"),
        LineProblem::Total => ("total", "out_of_range"),
        LineProblem::Discount => ("discount", "out_of_range"),
        LineProblem::Discounts => ("discounts", "contradiction"),
        LineProblem::Tax => ("tax", "out_of_range"),
        LineProblem::MoneyInAdjustment => ("total", "contradiction"),
    };
    Failure::invalid(format!("lines[{line}].{field}"), code, problem.to_string())
}
