//! The event store on a real PostgreSQL, one database per test.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod append;
mod clock;
mod cluster;
mod crash;
mod framework;
mod idempotency;
mod loading;
mod model;
mod plans;
mod readers;
mod sealing;
mod support;
