//! A user as the services answer it.

use domain::user::{RegisteredUser, Role};
use proto::v1;

use crate::core::created_at_micros;

pub(super) fn message(user: &RegisteredUser, version: u64) -> v1::User {
    v1::User {
        id: user.user_id.to_string(),
        email: user.email.to_string(),
        name: user.name.to_string(),
        role: match user.role {
            Role::Admin => v1::Role::Admin,
            Role::Customer => v1::Role::Customer,
        }
        .into(),
        created_at_micros: created_at_micros(user.user_id.uuid()),
        version,
    }
}
