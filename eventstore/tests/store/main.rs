//! The event store on a real PostgreSQL, one database per test.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod append;
mod clock;
mod cluster;
mod crash;
mod framework;
mod idempotency;
mod loading;
mod lost;
mod model;
mod plans;
#[path = "../../../e2e/src/proxy.rs"]
#[expect(unreachable_pub, reason = "the tests of the whole system use it too")]
mod proxy;
mod readers;
mod sealing;
mod support;
