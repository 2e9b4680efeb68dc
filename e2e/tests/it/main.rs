//! The whole system, from the outside. The modules mirror the tree of URLs.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong in a helper fails the test that called it"
)]

mod audit;
mod auth;
mod edge;
mod history;
mod imports;
mod online_retail;
mod orders;
mod processes;
mod products;
mod projections;
mod reads;
mod recovery;
mod reports;
mod seal;
mod search;
mod split;
mod stock;
mod tour;
mod trust;
