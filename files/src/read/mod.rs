//! Rows out of files: packed with zstd or not, UTF-8 or UTF-16, piece by piece, so that memory stays bounded.

mod csv;
mod input;
mod unpack;
mod utf16;

pub use csv::{Record, Records};
pub use input::{Identity, Input, MAX_ROW, Malformed, Window};
