//! A user as the read model holds it.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use proto::v1::{Role, User};
use rows::{ReadRow as _, Row as _};
use sqlx::postgres::PgRow;

use crate::error::Error;
use crate::row::{Word as _, bad};

/// Selects a [`UserRow`]; a condition follows.
pub(super) static SELECT: LazyLock<String> = LazyLock::new(|| format!("SELECT {} FROM users WHERE ", columns()));

/// What [`read`] takes.
pub(crate) fn columns() -> String {
    rows::UserRow::TABLE.shown("")
}

pub(super) struct UserRow {
    pub(super) created_at: DateTime<Utc>,
    user: User,
}

impl UserRow {
    pub(super) fn read(row: &PgRow) -> Result<Self, Error> {
        let row = rows::UserRow::shown(row).map_err(bad)?;
        let role = Role::of(&row.role).ok_or_else(|| Error::BadRow {
            table: rows::UserRow::TABLE.view,
            column: "role",
            row: row.id.clone(),
            expected: "a role",
        })?;
        let created_at = row.created_at;
        let user = User {
            id: row.id,
            email: row.email,
            name: row.name,
            role: role.into(),
            created_at_micros: created_at.timestamp_micros(),
            version: row.version,
        };
        Ok(Self { created_at, user })
    }

    pub(super) fn id(&self) -> &str {
        &self.user.id
    }

    pub(super) fn email(&self) -> &str {
        &self.user.email
    }

    pub(super) fn name(&self) -> &str {
        &self.user.name
    }
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        row.user
    }
}

/// A user as their read model holds them.
pub(crate) fn read(row: &PgRow) -> Result<User, Error> {
    UserRow::read(row).map(Into::into)
}
