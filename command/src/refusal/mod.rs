//! Refusals of the domain as failures, for those that several services share.

mod order;
mod product;
mod stock;

use domain::{order::OrderError, product::ProductError, stock::StockError};
use proto::failure::Failure;

pub(crate) use self::{
    order::{of_line, of_order},
    product::{of_product, product_not_found},
    stock::of_stock,
};
use crate::failure;

/// Why a command to stocks, orders and the products that they are of was refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    Product(ProductError),
    Stock(StockError),
    Order(OrderError),
    Stale(Stale),
}

/// The version that the caller expects is not the present one.
#[derive(Debug)]
pub(crate) struct Stale {
    expected: u64,
    actual: u64,
}

impl Stale {
    /// Compares an expected version, if there is one, with the present one. For what a plan cannot compare, because something else is
    /// told first.
    pub(crate) fn check(expected: Option<u64>, actual: u64) -> Result<(), Self> {
        match expected {
            Some(expected) if expected != actual => Err(Self { expected, actual }),
            _ => Ok(()),
        }
    }
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

impl From<OrderError> for Refusal {
    fn from(error: OrderError) -> Self {
        Self::Order(error)
    }
}

impl From<Stale> for Refusal {
    fn from(stale: Stale) -> Self {
        Self::Stale(stale)
    }
}

impl From<Stale> for Failure {
    fn from(Stale { expected, actual }: Stale) -> Self {
        failure::version_mismatch(expected, actual)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Product(error) => of_product(&error),
            Refusal::Stock(error) => of_stock(error),
            Refusal::Order(error) => of_order(error),
            Refusal::Stale(stale) => stale.into(),
        }
    }
}
