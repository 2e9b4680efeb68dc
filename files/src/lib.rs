#![doc = include_str!("../README.md")]

pub mod formula;
pub mod read;
mod text;
pub mod write;
