//! The claim to one SKU. Its stream is named after the SKU itself, so that two claims meet in one
//! stream and the append lets only one of them win: that makes the SKU unique, also under concurrency.

mod command;
mod decide;
mod error;
mod event;
mod state;

pub use self::{command::SkuCommand, error::SkuError, event::SkuEvent, state::SkuClaim};
