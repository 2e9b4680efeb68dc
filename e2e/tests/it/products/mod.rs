//! `/v1/products`

mod create;
mod lifecycle;
mod list;
mod sku;
mod update;
mod validation;
