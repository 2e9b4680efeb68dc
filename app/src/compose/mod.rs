//! Puts the system together: which parts run in this process, and how they reach each other.

mod database;
mod edge;
mod grpc;
mod history;
mod listeners;
mod parts;
mod room;
mod schema;
mod search;
mod system;

pub use database::{Database, close_pool};
pub use grpc::query_routes;
pub use history::history;
pub use parts::services as command;
pub use schema::migrate;
pub use search::Search;
pub use system::System;
