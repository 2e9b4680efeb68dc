//! The events themselves.

pub(crate) mod list;
pub(crate) mod seal;
pub(crate) mod stream;
pub(crate) mod view;
