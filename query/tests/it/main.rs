//! The read services, through their generated clients, over read models that the tests fill by hand.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails fails its test, which is what it is for"
)]

mod audit;
mod consistency;
mod cursors;
mod failures;
mod orders;
mod products;
mod support;
