//! A product of the catalogue.

mod command;
mod decide;
mod error;
mod event;
mod state;
mod status;

pub use self::{
    command::{CreateProduct, ProductCommand, UpdateProduct},
    error::ProductError,
    event::{CreatedProduct, ProductEvent, UpdatedProduct},
    state::{Product, ProductDetails},
    status::ProductStatus,
};
