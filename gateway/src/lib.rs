#![doc = include_str!("../README.md")]

mod addresses;
mod admission;
mod app_state;
mod as_of;
mod audit;
mod auth;
mod body;
mod cache;
mod call;
mod config;
mod consistency;
mod endpoint;
mod etag;
mod exports;
mod headers;
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
mod pipeline;
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
pub use app_state::{ClockFn, IdsFn};
pub use auth::key::{KeyError, SigningKey};
pub use cache::RedisError;
pub use config::{Background, Config, ConfigError, Gateway};
pub use openapi::{openapi, openapi_json};
pub use pipeline::{REQUEST_DURATION, REQUEST_DURATION_BUCKETS};
pub use rate::{Quota, Quotas};
pub use routes::causes;
pub use serve::{Connections, serve};
