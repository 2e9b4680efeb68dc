//! What the use cases of accounts work with.

use super::{
    credentials::Credentials, logins::Logins, password::Passwords, refresh_token::RefreshKey, rows::Rows,
    throttle::Throttle,
};
use crate::core::Core;

#[derive(Clone)]
pub(super) struct Resources {
    pub(super) core: Core,
    pub(super) credentials: Credentials,
    pub(super) passwords: Passwords,
    pub(super) logins: Logins,
    pub(super) rows: Rows,
    pub(super) refresh_key: RefreshKey,
    pub(super) throttle: Throttle,
}

impl Resources {
    pub(super) fn new(core: Core, parallel_hashes: usize, refresh_key: [u8; 32]) -> Self {
        let refresh_key = RefreshKey::new(refresh_key);
        Self {
            throttle: Throttle::new(core.pool.clone(), refresh_key.clone()),
            credentials: Credentials::new(core.pool.clone()),
            passwords: Passwords::new(core.ids.clone(), parallel_hashes),
            logins: Logins::new(core.clone()),
            rows: Rows::new(core.pool.clone()),
            refresh_key,
            core,
        }
    }
}
