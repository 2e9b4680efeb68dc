//! What the use cases of accounts work with.

use super::{credentials::Credentials, logins::Logins, password::Passwords};
use crate::core::Core;

#[derive(Clone)]
pub(super) struct Resources {
    pub(super) core: Core,
    pub(super) credentials: Credentials,
    pub(super) passwords: Passwords,
    pub(super) logins: Logins,
}

impl Resources {
    pub(super) fn new(core: Core, parallel_hashes: usize) -> Self {
        Self {
            credentials: Credentials::new(core.pool.clone()),
            passwords: Passwords::new(core.ids.clone(), parallel_hashes),
            logins: Logins::new(core.clone()),
            core,
        }
    }
}
