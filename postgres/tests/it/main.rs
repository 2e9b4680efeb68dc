//! The embedded PostgreSQL as a library, with the machine's programs.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod embedded;
mod support;
mod update;
