#![doc = include_str!("../README.md")]

pub mod certs;
pub mod cli;
pub mod compose;
pub mod config;
mod internal;
mod key_file;
pub mod lifecycle;
pub mod operations;
pub mod refresh_key;
pub mod seal_key;
pub mod seed;
pub mod signing_key;
pub mod stream;
pub mod telemetry;
pub mod world;

pub use compose::System;
pub use config::Config;
