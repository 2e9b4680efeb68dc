//! The events of one aggregate, oldest first, from the log itself: it shows every acknowledged write, so nothing is waited for.

use proto::v1::{ReadStreamReply, ReadStreamRequest};
use sqlx::QueryBuilder;

use super::row::{COLUMNS, EventRow, column};
use crate::Query;
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

pub(super) async fn read_stream(query: &Query, request: ReadStreamRequest) -> Result<ReadStreamReply, Error> {
    Query::check_token(request.context.as_ref())?;
    let stream = (&request.aggregate_type, &request.aggregate_id);
    let page = LIST.page(request.page, "", &stream)?;

    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(COLUMNS)
        .push(" FROM events e WHERE e.aggregate_type = ")
        .push_bind(&request.aggregate_type)
        .push(" AND e.aggregate_id = ")
        .push_bind(&request.aggregate_id);
    page.push(&mut sql);
    let rows = sql.build().fetch_all(query.pool()).await?;
    // Events are never removed, so a page after a cursor may only be empty at the end.
    if rows.is_empty() && page.is_first() {
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
