//! What the shop sets about its search.

mod past;
pub(crate) mod rules;
pub(crate) mod settings;

use crate::endpoint::Described;

/// The endpoints of what is set.
pub(crate) fn endpoints() -> Vec<Described> {
    let mut all = settings::endpoints();
    all.extend(rules::endpoints());
    all
}
