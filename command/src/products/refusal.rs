//! Why the catalogue refuses, in the words of the border.

use domain::{Sku, product::ProductError, sku::SkuError, stock::StockError};
use proto::failure::{Failure, FailureKind};
use serde_json::json;

/// Why a change to a product was refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    Product(ProductError),
    Sku(Sku, SkuError),
    Stock(StockError),
    /// Only a product that was never published can be a draft.
    BackToDraft,
    /// The product's SKU is not the one that the plan was made for: plan again.
    SkuMoved,
    /// The product has another version than was expected.
    Version {
        expected: u64,
        actual: u64,
    },
}

impl From<ProductError> for Refusal {
    fn from(error: ProductError) -> Self {
        Self::Product(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Product(error) => of_product(&error),
            Refusal::Sku(sku, SkuError::Taken { owner }) => Self::new(
                FailureKind::Conflict,
                "sku_taken",
                format!("the SKU {sku} belongs to another product"),
            )
            .with_field("sku", "taken", "belongs to another product")
            .with_data(&json!({"sku": sku, "product_id": owner})),
            Refusal::Sku(_, error @ SkuError::NotOwner { .. }) => {
                crate::failure::internal("a product held a SKU that it had not claimed", &error)
            }
            Refusal::Stock(error) => crate::stock::refusal::of_stock(error),
            Refusal::BackToDraft => Self::new(
                FailureKind::Conflict,
                "status_not_reachable",
                "a product that was published or archived cannot become a draft again; archive it instead",
            )
            .with_field("status", "not_reachable", "cannot become draft again"),
            Refusal::Version { expected, actual } => crate::failure::version_mismatch(expected, actual),
            Refusal::SkuMoved => crate::failure::busy(
                "the product's SKU kept changing; try again",
                std::time::Duration::from_millis(50),
            ),
        }
    }
}

/// Words a refusal of the product itself.
pub(crate) fn of_product(error: &ProductError) -> Failure {
    match error {
        ProductError::NotFound => product_not_found(),
        ProductError::Deleted => Failure::new(
            FailureKind::Conflict,
            "product_deleted",
            "the product is deleted; restore it first",
        ),
        ProductError::AlreadyExists => crate::failure::internal("a fresh product id was in use", &error),
        ProductError::PriceMissing => Failure::new(FailureKind::Conflict, "price_required", error.to_string())
            .with_field("price", "required", "is needed before the product can be sold"),
        ProductError::HalfAPrice { missing } => {
            Failure::invalid(format!("price.{missing}"), "required", error.to_string())
        }
        ProductError::InvalidPrice(error) => Failure::invalid("price.amount", error.code().as_str(), error.message()),
        ProductError::OtherCurrency { present } => {
            Failure::new(FailureKind::Conflict, "currency_mismatch", error.to_string())
                .with_field("price.currency", "currency_mismatch", error.to_string())
                .with_data(&json!({"expected": present}))
        }
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
