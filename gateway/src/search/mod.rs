//! What the shop sets about its search.

pub(crate) mod rules;
pub(crate) mod settings;
