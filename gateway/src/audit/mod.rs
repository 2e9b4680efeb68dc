//! The events themselves.

pub(crate) mod entry;
pub(crate) mod list;
pub(crate) mod seal;
pub(crate) mod stream;
pub(crate) mod trace;
mod tree;
pub(crate) mod view;

use crate::endpoint::Described;

/// The endpoints of the events.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![
        stream::endpoint(),
        list::endpoint(),
        seal::checkpoints::endpoint(),
        seal::checkpoint::endpoint(),
        seal::event::endpoint(),
        seal::consistency::endpoint(),
        seal::key::endpoint(),
        trace::endpoint(),
    ]
}
