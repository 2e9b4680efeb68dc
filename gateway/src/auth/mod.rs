//! Logging in, and who is logged in.

pub(crate) mod caller;
mod end_session;
pub(crate) mod jwks;
pub(crate) mod login;
mod logout;
mod logout_everywhere;
pub(crate) mod me;
mod password;
mod refresh;
mod session;
mod sessions;

pub(crate) use caller::{Caller, Visitor};

use crate::{endpoint::Described, identity::token};

/// The endpoints of authentication.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![
        login::endpoint(),
        refresh::endpoint(),
        logout::endpoint(),
        logout_everywhere::endpoint(),
        sessions::endpoint(),
        end_session::endpoint(),
        password::endpoint(),
        me::endpoint(),
        jwks::endpoint(),
    ]
}
