#![doc = include_str!("../README.md")]

mod arrays;
mod audit;
mod batch;
mod careful;
mod catalog;
mod copy;
mod cursor;
mod dead_letter;
mod error;
mod history;
mod indexing;
mod keyed;
mod lease;
mod orders;
mod outage;
mod pace;
mod parked;
mod product_sales;
mod products;
mod projection;
mod rebuild;
mod reconcile;
mod runner;
mod sales;
mod search_settings;
mod status;
mod stock;
mod users;
mod worker;

pub use catalog::install;
pub use error::Error;
pub use history::{At, Change, History, HistoryError, Moment, Past, Place};
pub use indexing::{IndexStatus, Indexer, Indexing, ask_for_rebuild, index_status};
pub use pace::Pace;
pub use parked::{
    Filter, ParkedEvent, ParkedId, ParkedIdError, ParkedKey, ParkedOrder, ParkedPlace, ParkedState, Retried, Skip,
    Skipped, SkippedBy, Start, parked, retry, skip,
};
pub use projection::{ApplyError, BulkFold, Projection};
pub use rebuild::{CLAIM, Difference, Options, Phase, Progress, Rebuilt, rebuild};
pub use reconcile::{Differing, Reconciler};
pub use rows::{Column, Index, Table, Type};
pub use runner::{Config, Runner, measure};
pub use status::{Build, State, Status, behind, caught_up, status};

use keyed::KeyedProjection;

/// Every projection.
#[must_use]
pub fn all() -> &'static [&'static dyn Projection] {
    &[
        &KeyedProjection::<products::ProductRow>::NEW,
        &KeyedProjection::<stock::StockRow>::NEW,
        &KeyedProjection::<orders::OrderRow>::NEW,
        &sales::Sales,
        &audit::Audit,
        &KeyedProjection::<users::UserRow>::NEW,
        &product_sales::ProductSales,
        &KeyedProjection::<search_settings::SearchSettingsRow>::NEW,
    ]
}
