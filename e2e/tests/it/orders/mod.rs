//! `/v1/orders`

mod cancel;
mod concurrency;
mod idempotency;
mod list;
mod place;
