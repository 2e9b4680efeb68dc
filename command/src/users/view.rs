//! A user as the services answer it.

use domain::user::{RegisteredUser, Role};
use proto::v1;

use crate::{core::created_at_micros, fields::Fields};

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

/// The role that a request names; nothing after noting what is wrong with it.
pub(super) fn role(role: i32, fields: &mut Fields) -> Option<Role> {
    match v1::Role::try_from(role) {
        Ok(v1::Role::Admin) => Some(Role::Admin),
        Ok(v1::Role::Customer) => Some(Role::Customer),
        Ok(v1::Role::Unspecified) => fields.require("role", None, "a role"),
        Err(_) => {
            fields.add("role", "unknown", "a role is admin or customer");
            None
        }
    }
}
