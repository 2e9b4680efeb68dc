//! Jobs, the newest first.

use proto::v1::{ListExportsReply, ListExportsRequest};
use sqlx::QueryBuilder;

use super::job::{JobRow, SELECT};
use crate::Query;
use crate::error::Error;
use crate::list::{Column, Kind, List, Sort, Value};

static LIST: List<JobRow> = List {
    name: "exports",
    sorts: &[Sort {
        name: "created_at",
        column: Column {
            sql: "created_at",
            kind: Kind::Time,
            nullable: false,
            value: |row| Value::Time(row.created_at),
        },
    }],
    default_sort: "-created_at",
    ties: &[Column {
        sql: "id",
        kind: Kind::Text,
        nullable: false,
        value: |row| Value::Text(row.export.id.clone()),
    }],
};

pub(super) async fn list(query: &Query, request: ListExportsRequest) -> Result<ListExportsReply, Error> {
    let page = LIST.page(request.page, "", &())?;
    let mut sql = QueryBuilder::new(SELECT);
    sql.push("TRUE");
    page.push(&mut sql);
    let rows = sql.build().fetch_all(query.pool()).await?;
    let rows = rows.iter().map(JobRow::read).collect::<Result<_, _>>()?;
    let (exports, page) = page.finish(rows, |row: JobRow| row.export);
    Ok(ListExportsReply {
        exports,
        page: Some(page),
    })
}
