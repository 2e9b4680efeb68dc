//! Users, filtered, sorted and page by page.

use proto::v1::{ListUsersReply, ListUsersRequest, Role};
use reads::Reads;
use serde::Serialize;
use sqlx::{Postgres, QueryBuilder};

use super::MODELS;
use super::row::{SELECT, UserRow};
use crate::error::Error;
use crate::list::{Column, Kind, List, Sort, Value};
use crate::ranges::Times;
use crate::row::Word as _;

static LIST: List<UserRow> = List {
    name: "users",
    sorts: &[
        Sort {
            name: "created_at",
            column: column("created_at", Kind::Time, |row| Value::Time(row.created_at)),
        },
        Sort {
            name: "email",
            column: column("email", Kind::Text, |row| Value::Text(row.email().to_owned())),
        },
        Sort {
            name: "name",
            column: column("name", Kind::Text, |row| Value::Text(row.name().to_owned())),
        },
    ],
    default_sort: "-created_at",
    ties: &[column("id", Kind::Text, |row| Value::Text(row.id().to_owned()))],
};

const fn column(sql: &'static str, kind: Kind, value: fn(&UserRow) -> Value) -> Column<UserRow> {
    Column {
        sql,
        kind,
        nullable: false,
        value,
    }
}

/// Which users the list has.
#[derive(Serialize)]
struct Filter {
    role: Option<String>,
    email: String,
    search: String,
    created: Times,
}

pub(super) async fn list(query: &Reads, request: ListUsersRequest) -> Result<ListUsersReply, Error> {
    let role =
        Role::try_from(request.role).map_err(|_| Error::invalid("role", "unknown", "must be admin or customer"))?;
    let filter = Filter {
        role: (role != Role::Unspecified).then(|| role.word()),
        email: request.email,
        search: request.search,
        created: Times::new(request.created)?,
    };
    let page = LIST.page(request.page, &request.sort, &filter)?;
    let (filter, beside) = (&filter, &page);
    let read = |pool: sqlx::PgPool| async move {
        let mut sql = QueryBuilder::new(SELECT.as_str());
        filter.push(&mut sql);
        beside.push(&mut sql);
        let rows = sql.build().fetch_all(&pool).await?;
        rows.iter().map(UserRow::read).collect::<Result<Vec<_>, _>>()
    };
    let (rows, freshness) = query.read(request.context.as_ref(), MODELS, read).await?;
    let (users, page) = page.finish(rows, Into::into);
    Ok(ListUsersReply {
        users,
        page: Some(page),
        freshness: Some(freshness),
    })
}

impl Filter {
    fn push(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        sql.push("TRUE");
        if let Some(role) = self.role.clone() {
            sql.push(" AND role = ").push_bind(role);
        }
        if !self.email.is_empty() {
            sql.push(" AND lower(email) = lower(")
                .push_bind(self.email.clone())
                .push(")");
        }
        if !self.search.is_empty() {
            sql.push(" AND (strpos(lower(email), lower(")
                .push_bind(self.search.clone())
                .push(")) > 0 OR strpos(lower(name), lower(")
                .push_bind(self.search.clone())
                .push(")) > 0)");
        }
        self.created.push(sql, "created_at");
    }
}
