#![doc = include_str!("../README.md")]

mod arrays;
mod audit;
mod batch;
mod catalog;
mod config;
mod copy;
mod cursor;
mod dead_letter;
mod difference;
mod error;
mod history;
mod indexing;
mod keyed;
mod lease;
mod orders;
mod outage;
mod pace;
mod parked;
mod parked_id;
mod product_sales;
mod products;
mod projection;
mod rebuild;
mod reconcile;
mod runner;
mod sales;
mod savepoint;
mod search_settings;
mod status;
mod stock;
mod users;
mod worker;

pub use catalog::{all, install};
pub use config::Config;
pub use difference::Difference;
pub use error::Error;
pub use history::{At, Change, History, HistoryError, Moment, Past, Place};
pub use indexing::{IndexStatus, Indexer, Indexing, ask_for_rebuild, index_status};
pub use pace::Pace;
pub use parked::{
    Filter, ParkedEvent, ParkedKey, ParkedOrder, ParkedPlace, ParkedState, Retried, Skip, Skipped, SkippedBy, Start,
    parked, retry, skip,
};
pub use parked_id::{ParkedId, ParkedIdError};
pub use projection::{ApplyError, BulkFold, Projection};
pub use rebuild::{Options, Phase, Progress, REBUILD_LEASE, Rebuilt, rebuild};
pub use reconcile::{Differing, Reconciler};
pub use rows::{Column, Index, Table, Type};
pub use runner::{Runner, measure};
pub use status::{Build, State, Status, behind, caught_up, status};
