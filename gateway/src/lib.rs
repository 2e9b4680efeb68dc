#![doc = include_str!("../README.md")]

// Layers, from the bottom: a module names those above it only within its own group.

// What a request and an answer are made of.
mod addresses;
mod client;
mod etag;
mod id;
mod json;
mod money;
mod params;
mod problem;
mod rate;
mod serve;
mod sources;
mod times;

// What is there while the process runs, and calls to the services.
mod admission;
mod app_state;
mod cache;
mod call;
mod consistency;
mod identity;
mod past_queries;

// What an endpoint says of itself, takes and answers.
mod as_of;
mod body;
mod endpoint;
mod expansion;
mod origin;
mod page;
mod reply;
mod request;

// The endpoints.
mod audit;
mod auth;
mod exports;
mod ops;
mod orders;
mod processes;
mod products;
mod projections;
mod reports;
mod search;
mod stock;
mod users;

// Around them, and the whole.
mod config;
mod headers;
mod openapi;
mod pipeline;
mod representation;
mod routes;

#[cfg(test)]
mod tests;

pub use admission::Capacity;
pub use cache::RedisError;
pub use config::{Background, Config, ConfigError, Gateway};
pub use identity::key::{KeyError, SigningKey};
pub use openapi::{openapi, openapi_json};
pub use pipeline::{REQUEST_DURATION, REQUEST_DURATION_BUCKETS};
pub use rate::{Quota, Quotas};
pub use routes::causes;
pub use serve::{Connections, serve};
pub use sources::{ClockFn, IdsFn};
