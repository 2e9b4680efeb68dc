//! The events of one aggregate, from the log itself: it shows every acknowledged write, so nothing is waited for.

use proto::v1::{ReadStreamReply, ReadStreamRequest};
use sqlx::QueryBuilder;

use super::AuditService;
use super::row::{COLUMNS, EventRow, column};
use crate::error::Error;
use crate::list::{Kind, List, Sort, Value};

static LIST: List<EventRow> = List {
    name: "stream",
    sorts: &[Sort {
        name: "sequence",
        column: column("e.sequence", Kind::Integer, |row| Value::Integer(row.sequence)),
    }],
    default_sort: "sequence",
    ties: &[],
};

pub(super) async fn read_stream(query: &AuditService, request: ReadStreamRequest) -> Result<ReadStreamReply, Error> {
    query.reads.check_token(request.context.as_ref()).await?;
    let types = &request.event_types;
    let filter = (&request.aggregate_type, &request.aggregate_id, types);
    let page = LIST.page(request.page, &request.sort, &filter)?;

    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(COLUMNS)
        .push(" FROM events e WHERE e.aggregate_type = ")
        .push_bind(&request.aggregate_type)
        .push(" AND e.aggregate_id = ")
        .push_bind(&request.aggregate_id);
    if !types.is_empty() {
        sql.push(" AND e.event_type = ANY (").push_bind(types).push(")");
    }
    page.push(&mut sql);
    let rows = sql.build().fetch_all(query.reads.pool()).await?;
    // Events are never removed, so a page after a cursor may only be empty at the end.
    let there_are_none = rows.is_empty() && page.is_first();
    if there_are_none && (types.is_empty() || !exists(query, &request.aggregate_type, &request.aggregate_id).await?) {
        return Err(Error::NotFound {
            what: "stream",
            id: format!("{}/{}", request.aggregate_type, request.aggregate_id),
        });
    }
    let rows = rows.iter().map(EventRow::read).collect::<Result<_, _>>()?;
    let (events, page) = page.finish(rows, Into::into);
    Ok(ReadStreamReply {
        events,
        page: Some(page),
    })
}

/// Whether the stream has events, whatever their types.
async fn exists(query: &AuditService, aggregate_type: &str, aggregate_id: &str) -> Result<bool, Error> {
    let exists = "SELECT EXISTS (SELECT FROM events WHERE aggregate_type = $1 AND aggregate_id = $2)";
    let exists = sqlx::query_scalar(exists).bind(aggregate_type).bind(aggregate_id);
    Ok(exists.fetch_one(query.reads.pool()).await?)
}
