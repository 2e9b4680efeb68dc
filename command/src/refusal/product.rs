use domain::product::ProductError;
use proto::failure::{Failure, FailureKind};
use serde_json::json;

use crate::failure::{conflict, internal};

/// Words a refusal of the product itself.
pub(crate) fn of_product(error: &ProductError) -> Failure {
    match error {
        ProductError::NotFound => product_not_found(),
        ProductError::Deleted => conflict("product_deleted", "the product is deleted; restore it first"),
        ProductError::AlreadyExists => internal("a fresh product id was in use", &error),
        ProductError::PriceMissing => conflict("price_required", error.to_string()).with_field(
            "price",
            "required",
            "is needed before the product can be sold",
        ),
        ProductError::HalfAPrice { missing } => {
            Failure::invalid(format!("price.{missing}"), "required", error.to_string())
        }
        ProductError::InvalidPrice(error) => Failure::invalid("price.amount", error.code().as_str(), error.message()),
        ProductError::OtherCurrency { present } => conflict("currency_mismatch", error.to_string())
            .with_field("price.currency", "currency_mismatch", error.to_string())
            .with_data(&json!({"expected": present})),
        ProductError::TooManyAttributes { .. } => Failure::invalid("attributes", "too_many", error.to_string()),
        ProductError::InvalidAttribute { key, error } => {
            Failure::invalid(format!("attributes.{key}"), error.code().as_str(), error.message())
        }
    }
}

/// There is no such product.
pub(crate) fn product_not_found() -> Failure {
    Failure::new(FailureKind::NotFound, "product_not_found", "there is no such product")
}
