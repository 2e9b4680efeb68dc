#![doc = include_str!("../README.md")]

mod aggregate_store;
mod append;
mod cache;
mod committed;
mod config;
mod erased;
mod error;
mod fold;
mod idempotency;
mod load;
mod log;
mod metadata;
mod plan;
mod positions;
mod recorded;
mod snapshot;
mod store;
mod stream;
mod tail;
mod transaction;
mod upcast;
mod writer;

pub use aggregate_store::{AggregateStore, LoadedContext};
pub use committed::Committed;
pub use config::{Config, IdSource, SnapshotPolicy};
pub use error::{Error, IdempotencyError, TransactError};
pub use load::Loaded;
pub use log::Log;
pub use metadata::{IdempotencyKey, Metadata};
pub use plan::Plan;
pub use positions::{ParsePositionsError, Positions};
pub use recorded::Recorded;
pub use store::Store;
pub use stream::{StreamKey, lane_of};
pub use transaction::Transaction;
pub use upcast::Upcasters;
