//! Processes on a real PostgreSQL, one database per test.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dead_letters;
mod killed;
mod rebuild;
mod support;
