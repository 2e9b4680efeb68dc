#![doc = include_str!("../README.md")]

mod addresses;
mod admission;
mod as_of;
mod audit;
mod auth;
mod body;
mod cache;
mod call;
mod config;
mod consistency;
mod edge;
mod etag;
mod exports;
mod frame;
mod head;
mod id;
mod intake;
mod json;
mod money;
mod openapi;
mod ops;
mod orders;
mod origin;
mod page;
mod params;
mod problem;
mod processes;
mod products;
mod projections;
mod rate;
mod reply;
mod reports;
mod representation;
mod routes;
mod search;
mod serve;
mod stock;
mod times;
mod users;

#[cfg(test)]
mod tests;

pub use admission::Capacity;
pub use auth::key::{KeyError, SigningKey};
pub use cache::RedisError;
pub use config::{Background, Config, ConfigError, Gateway};
pub use edge::{ClockFn, IdsFn};
pub use frame::{REQUEST_DURATION, REQUEST_DURATION_BUCKETS};
pub use openapi::{openapi, openapi_json};
pub use rate::{Quota, Quotas};
pub use serve::{Connections, serve};
