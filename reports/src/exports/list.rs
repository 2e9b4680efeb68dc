//! Jobs, filtered, page by page.

use proto::v1::{ListExportsReply, ListExportsRequest};
use reads::error::Error;
use reads::list::{Column, Kind, List, Sort, Value};
use reads::ranges::push_equal;
use sqlx::QueryBuilder;

use super::ExportService;
use super::job::{JobRow, SELECT};

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

pub(super) async fn list(query: &ExportService, request: ListExportsRequest) -> Result<ListExportsReply, Error> {
    let page = LIST.page(request.page, &request.sort, &(&request.statuses, &request.created_by))?;
    let mut sql = QueryBuilder::new(SELECT);
    sql.push("TRUE");
    if !request.statuses.is_empty() {
        sql.push(" AND status = ANY(").push_bind(&request.statuses).push(")");
    }
    push_equal(&mut sql, "created_by", &request.created_by);
    page.push(&mut sql);
    let rows = sql.build().fetch_all(query.pool()).await?;
    let rows = rows.iter().map(JobRow::read).collect::<Result<_, _>>()?;
    let (exports, page) = page.finish(rows, |row: JobRow| row.export);
    Ok(ListExportsReply {
        exports,
        page: Some(page),
    })
}
