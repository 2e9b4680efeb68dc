//! Everybody's events, newest first. The timeline says which; the log says what.

use proto::v1::{ListEventsReply, ListEventsRequest};
use serde::Serialize;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::row::{COLUMNS, EventRow, column};
use crate::Query;
use crate::error::Error;
use crate::list::{Kind, List, Sort, Value};
use crate::ranges::{Times, push_equal};

static LIST: List<EventRow> = List {
    name: "events",
    sorts: &[Sort {
        name: "recorded_at",
        column: column("a.recorded_at", Kind::Time, |row| Value::Time(row.recorded_at)),
    }],
    default_sort: "-recorded_at",
    ties: &[
        column("a.lane", Kind::Integer, |row| Value::Integer(row.lane.into())),
        column("a.position", Kind::Integer, |row| Value::Integer(row.position)),
    ],
};

/// Which events the list has.
#[derive(Serialize)]
struct Filter {
    actor: String,
    event_type: String,
    aggregate_type: String,
    aggregate_id: String,
    correlation_id: Option<Uuid>,
    recorded: Times,
}

pub(super) async fn list_events(query: &Query, request: ListEventsRequest) -> Result<ListEventsReply, Error> {
    let filter = Filter {
        actor: request.actor,
        event_type: request.event_type,
        aggregate_type: request.aggregate_type,
        aggregate_id: request.aggregate_id,
        correlation_id: correlation(&request.correlation_id)?,
        recorded: Times::new(request.recorded)?,
    };
    let page = LIST.page(request.page, "", &filter)?;
    let (filter, beside) = (&filter, &page);
    let read = |pool: sqlx::PgPool| async move {
        let mut sql = QueryBuilder::new("SELECT ");
        sql.push(COLUMNS)
            .push(" FROM audit a JOIN events e ON e.lane = a.lane AND e.position = a.position WHERE TRUE");
        filter.push(&mut sql);
        beside.push(&mut sql);
        let rows = sql.build().fetch_all(&pool).await?;
        rows.iter().map(EventRow::read).collect::<Result<Vec<_>, _>>()
    };
    let (rows, freshness) = query.read(request.context.as_ref(), &["audit"], read).await?;
    let (events, page) = page.finish(rows, Into::into);
    Ok(ListEventsReply {
        events,
        page: Some(page),
        freshness: Some(freshness),
    })
}

fn correlation(text: &str) -> Result<Option<Uuid>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let id = Uuid::parse_str(text).map_err(|_| Error::invalid("correlation_id", "malformed", "must be a UUID"))?;
    Ok(Some(id))
}

impl Filter {
    fn push(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        push_equal(sql, "a.actor", &self.actor);
        push_equal(sql, "a.event_type", &self.event_type);
        push_equal(sql, "a.aggregate_type", &self.aggregate_type);
        push_equal(sql, "a.aggregate_id", &self.aggregate_id);
        if let Some(id) = self.correlation_id {
            sql.push(" AND a.correlation_id = ").push_bind(id);
        }
        self.recorded.push(sql, "a.recorded_at");
    }
}
