#![doc = include_str!("../README.md")]

mod config;
mod dead_letter;
mod delivery;
mod effect;
mod engine;
mod fold;
mod follower;
mod instance;
mod outbox;
mod process;
mod session;
mod shared;
mod start;

pub use config::{Clock, Config};
pub use dead_letter::{
    DeadLetter, DeadLetterFilter, DroppedDeadLetter, dead_letter, dead_letters, drop_dead_letter, dropped_dead_letter,
    retry_dead_letter,
};
pub use effect::{Done, Effect, Refused};
pub use engine::Engine;
pub use process::{Out, Process};
pub use start::rebuild;
