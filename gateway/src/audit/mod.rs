//! The events themselves.

pub(crate) mod entry;
pub(crate) mod list;
pub(crate) mod seal;
pub(crate) mod stream;
pub(crate) mod trace;
mod tree;
pub(crate) mod view;
