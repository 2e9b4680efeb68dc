//! The rules of the shop, tried from outside: given these events, when this command, then those events.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod accounts;
mod claims;
mod credit;
mod fixtures;
mod golden;
mod order;
mod order_again;
mod order_place;
mod order_properties;
mod product;
mod product_properties;
mod search_settings;
mod stock;
mod stock_properties;
mod values;
