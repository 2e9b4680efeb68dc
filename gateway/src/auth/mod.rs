//! Who asks: keys, tokens, logging in.

pub(crate) mod caller;
pub(crate) mod jwks;
pub(crate) mod key;
pub(crate) mod login;
pub(crate) mod me;
mod signature;
pub(crate) mod token;

pub(crate) use caller::{Caller, Visitor};

use crate::endpoint::Described;

/// The endpoints that tell who asks.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![login::endpoint(), me::endpoint(), jwks::endpoint()]
}
