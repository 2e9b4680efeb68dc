//! Everybody's events, newest first. The timeline says which; the log says what, and its past what that changed.

use proto::v1::{ListEventsReply, ListEventsRequest};
use serde::Serialize;
use sqlx::{PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use super::AuditService;
use super::explain::explain;
use super::row::{COLUMNS, EventRow, column};
use crate::error::Error;
use crate::list::{Kind, List, Page, Sort, Value};
use crate::ranges::{Times, push_equal};

static LIST: List<EventRow> = List {
    name: "events",
    sorts: &[
        Sort {
            name: "recorded_at",
            column: column("a.recorded_at", Kind::Time, |row| Value::Time(row.recorded_at)),
        },
        Sort {
            name: "occurred_at",
            column: column("a.occurred_at", Kind::Time, |row| Value::Time(row.occurred_at)),
        },
    ],
    default_sort: "-recorded_at",
    ties: &[
        column("a.lane", Kind::Integer, |row| Value::Integer(row.lane.into())),
        column("a.position", Kind::Integer, |row| Value::Integer(row.position)),
    ],
};

/// How far to walk along the timeline for events that changed a field.
const LATELY: i64 = 20_000;

/// Which events the list has.
#[derive(Serialize)]
struct Filter {
    actor: String,
    event_types: Vec<String>,
    aggregate_type: String,
    aggregate_id: String,
    correlation_id: Option<Uuid>,
    request_id: String,
    field: String,
    recorded: Times,
    occurred: Times,
}

pub(super) async fn list_events(query: &AuditService, request: ListEventsRequest) -> Result<ListEventsReply, Error> {
    let mut event_types = request.event_types;
    if !request.event_type.is_empty() {
        event_types.push(request.event_type);
    }
    event_types.sort_unstable();
    event_types.dedup();
    let filter = Filter {
        actor: request.actor,
        event_types,
        aggregate_type: request.aggregate_type,
        aggregate_id: request.aggregate_id,
        correlation_id: uuid("correlation_id", &request.correlation_id)?,
        request_id: request.request_id,
        field: request.field,
        recorded: Times::new(request.recorded)?,
        occurred: Times::new(request.occurred)?,
    };
    if let Some(history) = &query.history {
        filter.check_types(&history.events())?;
    }
    let page = LIST.page(request.page, &request.sort, &filter)?;
    let (asked, beside) = (&filter, &page);
    let read = |pool: PgPool| async move { rows(&pool, asked, beside).await };
    let (rows, freshness) = query.reads.read(request.context.as_ref(), &["audit"], read).await?;
    let (mut events, page) = page.finish(rows, Into::into);
    explain(query, &mut events).await?;
    Ok(ListEventsReply {
        events,
        page: Some(page),
        freshness: Some(freshness),
    })
}

/// The page's rows. They are found in the timeline first, so that only they are looked up in the log.
async fn rows(pool: &PgPool, filter: &Filter, page: &Page<EventRow>) -> Result<Vec<EventRow>, Error> {
    if filter.field.is_empty() {
        return fetch(pool, page, |sql| {
            sql.push("SELECT a.* FROM audit a WHERE TRUE");
            filter.push(sql);
            page.push(sql);
        })
        .await;
    }
    // A field that often changes has changed lately: the page is full after a short walk along the timeline.
    let lately = fetch(pool, page, |sql| {
        sql.push("SELECT a.* FROM (SELECT a.* FROM audit a WHERE TRUE");
        filter.push(sql);
        page.push_condition(sql);
        page.push_order(sql);
        sql.push(" LIMIT ").push_bind(LATELY).push(") a WHERE TRUE");
        filter.push_field(sql);
        page.push_order(sql);
        page.push_limit(sql);
    })
    .await?;
    if page.is_filled_by(lately.len()) {
        return Ok(lately);
    }
    // One that rarely does is found by its index. As a whole, because the planner would hope in vain to meet it on the timeline.
    fetch(pool, page, |sql| {
        sql.push("SELECT a.* FROM (WITH found AS MATERIALIZED (SELECT a.* FROM audit a WHERE TRUE");
        filter.push(sql);
        filter.push_field(sql);
        page.push_condition(sql);
        sql.push(") SELECT * FROM found) a");
        page.push_order(sql);
        page.push_limit(sql);
    })
    .await
}

async fn fetch(
    pool: &PgPool,
    page: &Page<EventRow>,
    places: impl FnOnce(&mut QueryBuilder<'_, Postgres>),
) -> Result<Vec<EventRow>, Error> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(COLUMNS).push(" FROM (");
    places(&mut sql);
    sql.push(") a JOIN events e ON e.lane = a.lane AND e.position = a.position");
    page.push_order(&mut sql);
    let rows = sql.build().fetch_all(pool).await?;
    rows.iter().map(EventRow::read).collect()
}

fn uuid(field: &'static str, text: &str) -> Result<Option<Uuid>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let id = Uuid::parse_str(text).map_err(|_| Error::invalid(field, "malformed", "must be a UUID"))?;
    Ok(Some(id))
}

impl Filter {
    /// Refuses types that no event and no aggregate has.
    fn check_types(&self, known: &[(&str, Vec<&str>)]) -> Result<(), Error> {
        let types: Vec<&str> = known.iter().flat_map(|(_, events)| events).copied().collect();
        if let Some(unknown) = self.event_types.iter().find(|given| !types.contains(&given.as_str())) {
            let unknown: String = unknown.chars().take(80).collect();
            let message = format!(
                "there are no events of type {unknown}; the types are {}",
                types.join(", ")
            );
            return Err(Error::invalid("event_type", "unknown", message));
        }
        let aggregates: Vec<&str> = known.iter().map(|(aggregate, _)| *aggregate).collect();
        if !self.aggregate_type.is_empty() && !aggregates.contains(&self.aggregate_type.as_str()) {
            let message = format!("must be one of {}", aggregates.join(", "));
            return Err(Error::invalid("aggregate_type", "unknown", message));
        }
        Ok(())
    }

    fn push(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        if self.actor.contains('@') {
            // People know each other by their addresses.
            sql.push(" AND a.actor IN (SELECT u.id FROM users u WHERE u.email = lower(")
                .push_bind(self.actor.clone())
                .push("))");
        } else {
            push_equal(sql, "a.actor", &self.actor);
        }
        match self.event_types.as_slice() {
            [] => {}
            [only] => push_equal(sql, "a.event_type", only),
            several => {
                sql.push(" AND a.event_type = ANY (")
                    .push_bind(several.to_vec())
                    .push(")");
            }
        }
        push_equal(sql, "a.aggregate_type", &self.aggregate_type);
        if !["", "stock", "order"].contains(&self.aggregate_type.as_str()) {
            // Nothing new, but it lets the index of the rarer types be used.
            sql.push(" AND a.aggregate_type NOT IN ('stock', 'order')");
        }
        push_equal(sql, "a.aggregate_id", &self.aggregate_id);
        if let Some(id) = self.correlation_id {
            sql.push(" AND a.correlation_id = ").push_bind(id);
        }
        push_equal(sql, "a.request_id", &self.request_id);
        self.recorded.push(sql, "a.recorded_at");
        self.occurred.push(sql, "a.occurred_at");
    }

    fn push_field(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        sql.push(" AND a.fields @> ").push_bind(vec![self.field.clone()]);
    }
}
