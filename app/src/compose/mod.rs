//! Puts the system together: which parts run in this process, and how they reach each other.

mod database;
mod edge;
mod grpc;
mod history;
mod listeners;
mod parts;
mod pooler;
mod room;
mod schema;
mod search;
mod standing;
mod system;

pub use database::{Database, close_pool};
pub use grpc::query_routes;
pub use history::history;
pub use parts::services as command;
pub use schema::{bring_up, migrate};
pub use search::Search;
pub use system::System;
