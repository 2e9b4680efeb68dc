//! A user as the read model holds it.

use chrono::{DateTime, Utc};
use proto::v1::{Role, User};
use sqlx::postgres::PgRow;

use crate::cells::Cells;
use crate::error::Error;

macro_rules! columns {
    () => {
        "id, email, name, role, version, created_at"
    };
}

/// What [`read`] takes.
pub(crate) const COLUMNS: &str = columns!();
/// Selects a [`UserRow`]; a condition follows.
pub(super) const SELECT: &str = concat!("SELECT ", columns!(), " FROM users WHERE ");

pub(super) struct UserRow {
    pub(super) created_at: DateTime<Utc>,
    user: User,
}

impl UserRow {
    pub(super) fn read(row: &PgRow) -> Result<Self, Error> {
        let cells = Cells::new("users", row, "id");
        let created_at: DateTime<Utc> = cells.get("created_at")?;
        let user = User {
            id: cells.get("id")?,
            email: cells.get("email")?,
            name: cells.get("name")?,
            role: role(&cells)?.into(),
            created_at_micros: created_at.timestamp_micros(),
            version: cells.count("version")?,
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

fn role(cells: &Cells<'_>) -> Result<Role, Error> {
    match cells.get::<&str>("role")? {
        "admin" => Ok(Role::Admin),
        "customer" => Ok(Role::Customer),
        _ => Err(cells.damaged("role", "a role")),
    }
}

/// The role as the read model writes it; `None` for none.
pub(super) fn role_name(role: Role) -> Option<&'static str> {
    match role {
        Role::Unspecified => None,
        Role::Admin => Some("admin"),
        Role::Customer => Some("customer"),
    }
}
