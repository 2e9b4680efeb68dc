//! The read models against real history in a real database: live, rebuilt and folded by independent code.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod clock;
mod failing;
mod fold;
mod fold_sales;
mod history;
mod indexing;
mod live;
mod parked;
mod poison;
mod rebuild;
mod reconcile;
mod runner;
mod sales;
mod samples;
mod shop;
mod support;
mod touches;
mod versions;
