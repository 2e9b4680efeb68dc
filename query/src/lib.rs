#![doc = include_str!("../README.md")]

mod audit;
mod batch;
mod feed;
mod finding;
mod history;
mod like;
mod orders;
mod products;
mod read_at;
mod row;
mod seal;
mod stock;
mod users;

use reads::{cells, consistency, database, error, known, list, ranges};

pub use audit::AuditService;
pub use feed::FeedService;
pub use finding::{SearchEngine, SearchService};
pub use history::{At, Change, History, HistoryError, HistoryService, Moment, Past, Place};
pub use orders::OrderService;
pub use products::ProductService;
pub use seal::SealService;
pub use stock::StockService;
pub use users::UserService;
