//! Logging in, and who is logged in.

pub(crate) mod caller;
pub(crate) mod jwks;
pub(crate) mod login;
pub(crate) mod me;

pub(crate) use caller::{Caller, Visitor};

use crate::{endpoint::Described, identity::token};

/// The endpoints of authentication.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![login::endpoint(), me::endpoint(), jwks::endpoint()]
}
