use domain::stock::StockError;
use proto::failure::Failure;
use serde_json::json;

use crate::failure::conflict;

/// Words a refusal of the stock itself.
pub(crate) fn of_stock(error: StockError) -> Failure {
    match error {
        StockError::Insufficient { requested, available } => conflict("insufficient_stock", error.to_string())
            .with_data(&json!({"lines": [{"requested": requested, "available": available}]})),
        StockError::ExpectationFailed { on_hand, expected } => {
            conflict("stock_expectation_failed", format!("{error}; count again and retry"))
                .with_data(&json!({"expected": expected, "actual": on_hand}))
        }
        StockError::BelowReserved { reserved, on_hand } => conflict("stock_below_reserved", error.to_string())
            .with_data(&json!({"reserved": reserved, "on_hand": on_hand})),
        StockError::ZeroDelta | StockError::OutOfRange { .. } | StockError::TooMany { .. } => {
            Failure::invalid("quantity", "out_of_range", error.to_string())
        }
        StockError::AlreadyReserved { order_id, held } => {
            conflict("reserved_differently", error.to_string()).with_data(&json!({"order_id": order_id, "held": held}))
        }
        StockError::ReservationClosed { order_id } => {
            conflict("reservation_closed", error.to_string()).with_data(&json!({"order_id": order_id}))
        }
    }
}
