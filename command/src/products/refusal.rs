//! Refusals of the catalogue as failures of the service.

use domain::{Sku, product::ProductError, sku::SkuError, stock::StockError};
use proto::failure::Failure;
use serde_json::json;

use crate::{
    failure::{busy, conflict, internal},
    refusal::{Stale, of_product, of_stock},
};

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
    Stale(Stale),
}

impl From<ProductError> for Refusal {
    fn from(error: ProductError) -> Self {
        Self::Product(error)
    }
}

impl From<StockError> for Refusal {
    fn from(error: StockError) -> Self {
        Self::Stock(error)
    }
}

impl From<Stale> for Refusal {
    fn from(stale: Stale) -> Self {
        Self::Stale(stale)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Product(error) => of_product(&error),
            Refusal::Sku(sku, SkuError::Taken { owner }) => {
                conflict("sku_taken", format!("the SKU {sku} belongs to another product"))
                    .with_field("sku", "taken", "belongs to another product")
                    .with_data(&json!({"sku": sku, "product_id": owner}))
            }
            Refusal::Sku(_, error @ SkuError::NotOwner { .. }) => {
                internal("a product held a SKU that it had not claimed", &error)
            }
            Refusal::Stock(error) => of_stock(error),
            Refusal::BackToDraft => conflict(
                "status_not_reachable",
                "a product that was published or archived cannot become a draft again; archive it instead",
            )
            .with_field("status", "not_reachable", "cannot become draft again"),
            Refusal::Stale(stale) => stale.into(),
            Refusal::SkuMoved => busy(
                "the product's SKU kept changing; try again",
                std::time::Duration::from_millis(50),
            ),
        }
    }
}
