//! The write services on a real PostgreSQL, called as the gateway calls them.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod books;
mod import_orders;
mod import_products;
mod lost_answers;
mod mistakes;
mod orders;
mod placing_once;
mod products;
#[path = "../../../e2e/src/proxy.rs"]
#[expect(unreachable_pub, reason = "the tests of the whole system use it too")]
mod proxy;
mod reservations;
mod stock;
mod support;
mod tcp;
mod users;
