//! Users, for administrators.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod related;

use crate::endpoint::Described;

/// The endpoints of users.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![list::endpoint(), get::endpoint()]
}
