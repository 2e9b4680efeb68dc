use chrono::{DateTime, Utc};
use domain::user::UserEvent;
use eventstore::Recorded;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::keyed::{Keyed, sequence};
use crate::row::{Row, Sink};
use crate::table::{Column, Index, Table, Type};

/// A user.
#[derive(Serialize, Deserialize)]
pub(crate) struct UserRow {
    id: String,
    email: String,
    name: String,
    role: String,
    version: i64,
    created_at: DateTime<Utc>,
}

impl Row for UserRow {
    const TABLE: &'static Table = &Table {
        view: "users",
        columns: &[
            Column::new("id", Type::Key),
            Column::new("email", Type::Key),
            Column::new("name", Type::Text),
            Column::new("role", Type::Key),
            Column::new("version", Type::BigInt),
            Column::new("created_at", Type::Time),
        ],
        key: "id",
        indexes: &[Index {
            suffix: "email",
            definition: "(email)",
        }],
        fillfactor: 90,
    };

    fn write(&self, sink: &mut impl Sink) {
        sink.text(Some(&self.id));
        sink.text(Some(&self.email));
        sink.text(Some(&self.name));
        sink.text(Some(&self.role));
        sink.bigint(Some(self.version));
        sink.time(Some(self.created_at));
    }

    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            email: row.try_get("email")?,
            name: row.try_get("name")?,
            role: row.try_get("role")?,
            version: row.try_get("version")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl Keyed for UserRow {
    type Event = UserEvent;

    fn evolve(_row: Option<Self>, event: UserEvent, recorded: &Recorded) -> Option<Self> {
        match event {
            UserEvent::UserRegistered(user) => Some(Self {
                id: user.user_id.to_string(),
                email: user.email.as_str().to_owned(),
                name: user.name.as_str().to_owned(),
                role: user.role.as_str().to_owned(),
                version: sequence(recorded),
                created_at: recorded.occurred_at,
            }),
        }
    }

    fn key(&self) -> &str {
        &self.id
    }

    fn version(&self) -> i64 {
        self.version
    }
}
