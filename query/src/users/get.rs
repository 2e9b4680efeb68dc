//! One user.

use chrono::{DateTime, Utc};
use proto::v1::{GetUserReply, GetUserRequest, Role, User};
use sqlx::postgres::PgRow;

use crate::Query;
use crate::cells::Cells;
use crate::error::Error;

macro_rules! columns {
    () => {
        "id, email, name, role, version, created_at"
    };
}

/// What [`read`] takes.
pub(crate) const COLUMNS: &str = columns!();
const SELECT: &str = concat!("SELECT ", columns!(), " FROM users WHERE id = $1");

pub(super) async fn get(query: &Query, request: GetUserRequest) -> Result<GetUserReply, Error> {
    query.fresh(request.context.as_ref(), &["users"]).await?;
    let row = sqlx::query(SELECT)
        .bind(&request.id)
        .fetch_optional(query.pool())
        .await?;
    let Some(row) = row else {
        return Err(Error::NotFound {
            what: "user",
            id: request.id,
        });
    };
    Ok(GetUserReply {
        user: Some(read(&row)?),
    })
}

/// A user as their read model holds them.
pub(crate) fn read(row: &PgRow) -> Result<User, Error> {
    let cells = Cells::new("users", row, "id");
    let created_at: DateTime<Utc> = cells.get("created_at")?;
    Ok(User {
        id: cells.get("id")?,
        email: cells.get("email")?,
        name: cells.get("name")?,
        role: role(&cells)?.into(),
        created_at_micros: created_at.timestamp_micros(),
        version: cells.count("version")?,
    })
}

fn role(cells: &Cells<'_>) -> Result<Role, Error> {
    match cells.get::<&str>("role")? {
        "admin" => Ok(Role::Admin),
        "customer" => Ok(Role::Customer),
        _ => Err(cells.damaged("role", "a role")),
    }
}
