//! The embedded PostgreSQL, with the machine's programs.
#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod commands;
mod embedded;
mod process;
mod program;
mod support;
mod update;
