//! The write services on a real PostgreSQL, called as the gateway calls them.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod import_orders;
mod import_products;
mod orders;
mod placing_once;
mod products;
mod reservations;
mod stock;
mod support;
mod tcp;
mod users;
