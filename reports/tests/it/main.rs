//! The report service, through its generated client, over read models that the tests fill by hand.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails fails its test, which is what it is for"
)]

mod sales;
mod sales_calendar;
mod sales_files;
mod support;
mod top;
