//! Who gets past the guard: every method, every caller.
#![expect(clippy::unwrap_used, reason = "tests")]

mod guard;
