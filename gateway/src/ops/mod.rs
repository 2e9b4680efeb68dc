//! For those who run and explore the system.

pub(crate) mod docs;
pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod metrics;
pub(crate) mod pages;
pub(crate) mod ready;

use crate::endpoint::Described;

/// The endpoints of operation and documentation.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![health::endpoint(), ready::endpoint(), metrics::endpoint()]
}
