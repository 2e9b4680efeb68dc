//! Puts the system together: which parts run in this process, and how they reach each other.

mod commands;
mod database;
mod edge;
mod grpc;
mod history;
mod listeners;
mod parts;
mod pooler;
mod queries;
mod room;
mod schema;
mod search;
mod serving;
mod standing;
mod system;

pub use commands::command;
pub use database::{Database, close_pool};
pub use grpc::query_routes;
pub use history::history;
pub use queries::Queries;
pub use schema::{bring_up, migrate};
pub use search::Search;
pub use system::System;
