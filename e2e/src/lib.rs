//! A whole system for each test: its own database, real ports, nothing faked.
//!
//! ```no_run
//! # async fn example() {
//! let system = e2e::System::start().await;
//! let admin = system.admin().await;
//! let mug = admin.post("/v1/products").json(e2e::product("MUG-1", 1250)).await.ok(201);
//! admin.get(format!("/v1/products/{}", mug.id())).seeing(&mug).await.ok(200);
//! # }
//! ```
//!
//! `DATABASE_URL` names the PostgreSQL server that the databases are made on; `scripts/test-postgres` starts one for the
//! length of a command. A test that fails panics with the whole answer that it did not expect.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "what goes wrong here fails the test that asked for it"
)]

mod answer;
mod client;
mod clock;
mod cluster;
mod database;
mod poison;
mod proxy;
mod redis;
mod schema;
mod shop;
mod system;
mod token;
mod wait;

pub use answer::Answer;
pub use client::{Client, Request};
pub use clock::Clock;
pub use cluster::Cluster;
pub use database::Database;
pub use proxy::{Loss, Proxy};
pub use redis::{Redis, free_port};
pub use schema::OpenApi;
pub use shop::{Shelf, product};
pub use system::{Options, PASSWORD, System};
pub use token::Token;
pub use wait::{PATIENCE, wait_until};
