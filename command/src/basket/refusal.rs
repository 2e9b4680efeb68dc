//! Why an order cannot have its lines.

use domain::{ProductId, Sku, product::ProductError, stock::StockError};
use proto::failure::{Failure, FailureKind};
use serde::Serialize;

use crate::refusal::{of_product, of_stock, product_not_found};

/// Everything that speaks against the order.
#[derive(Debug, Default)]
pub(crate) struct Refusal {
    pub(super) products: Vec<(usize, Unsellable)>,
    pub(super) stock: Option<StockError>,
    pub(super) short: Vec<Short>,
}

impl Refusal {
    pub(super) fn is_empty(&self) -> bool {
        self.products.is_empty() && self.stock.is_none() && self.short.is_empty()
    }
}

/// Why a product cannot be sold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unsellable {
    NotFound,
    Deleted,
    NotActive,
}

/// A line that asks for more than there is.
#[derive(Debug, Serialize)]
pub(super) struct Short {
    #[serde(skip)]
    pub(super) line: usize,
    pub(super) product_id: ProductId,
    pub(super) sku: Sku,
    pub(super) requested: i64,
    pub(super) available: i64,
}

impl Unsellable {
    fn failure(self) -> Failure {
        match self {
            Self::NotFound => product_not_found(),
            Self::Deleted => of_product(&ProductError::Deleted),
            Self::NotActive => Failure::new(
                FailureKind::Conflict,
                "product_not_active",
                "the product is not for sale",
            ),
        }
    }
}

impl From<Refusal> for Failure {
    /// What cannot be sold at all comes before what there is too little of.
    fn from(refusal: Refusal) -> Self {
        if let Some((_, first)) = refusal.products.first() {
            return refusal
                .products
                .iter()
                .fold(first.failure(), |failure, (line, problem)| {
                    let Self { code, message, .. } = problem.failure();
                    failure.with_field(format!("lines[{line}].product_id"), &code, message)
                });
        }
        if let Some(error) = refusal.stock {
            return of_stock(error);
        }
        let message = match refusal.short.as_slice() {
            [only] => format!(
                "{} of {} are wanted and {} are available",
                only.requested, only.sku, only.available
            ),
            lines => format!("there is not enough stock for {} products", lines.len()),
        };
        refusal.short.iter().fold(
            Self::new(FailureKind::Conflict, "insufficient_stock", message)
                .with_data(&serde_json::json!({"lines": refusal.short})),
            |failure, short| {
                failure.with_field(
                    format!("lines[{}].quantity", short.line),
                    "insufficient_stock",
                    format!("{} are available", short.available),
                )
            },
        )
    }
}
