#![doc = include_str!("../README.md")]

mod dead_letter;
mod delivery;
mod effect;
mod engine;
mod follower;
mod instance;
mod outbox;
mod process;
mod start;

pub use dead_letter::{
    DeadLetter, DeadLetters, Dropped, dead_letter, dead_letters, drop_dead_letter, dropped, retry_dead_letter,
};
pub use effect::{Effect, Refused};
pub use engine::{Clock, Config, Engine};
pub use process::{Done, Out, Process};
pub use start::rebuild;
