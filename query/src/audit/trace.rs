//! Everything that one request set in motion, oldest first. A client that sends the ids of another's request does not appear in it.

use proto::v1::{RecordedEvent, TraceReply, TraceRequest};
use uuid::Uuid;

use super::AuditService;
use super::explain::explain;
use super::owner::owners;
use super::row::{COLUMNS, EventRow};
use crate::error::Error;

/// More events than a person can follow; of a request that made more (an import) the first ones are shown.
const MAX_EVENTS: i64 = 1_000;
const MAX_ID: usize = 200;

pub(super) async fn trace(query: &AuditService, request: TraceRequest) -> Result<TraceReply, Error> {
    let TraceRequest { context, id, actor } = request;
    if id.is_empty() || id.len() > MAX_ID {
        return Err(Error::invalid(
            "id",
            "malformed",
            "must be a correlation id or the id of a request",
        ));
    }
    let freshness = query.reads.fresh(context.as_ref(), &["audit"]).await?;
    // The two are looked for one after the other, each by its index.
    let mut rows = match Uuid::try_parse(&id) {
        Ok(correlation_id) => {
            let statement = select("= $1");
            let found = sqlx::query(&statement).bind(correlation_id).bind(MAX_EVENTS + 1);
            found.fetch_all(query.reads.pool()).await?
        }
        Err(_) => Vec::new(),
    };
    if rows.is_empty() {
        // With all that the request led to, such as reactions, which know no request.
        let statement =
            select("IN (SELECT DISTINCT r.correlation_id FROM audit r WHERE r.request_id = $1 AND r.request_id <> '')");
        let found = sqlx::query(&statement).bind(&id).bind(MAX_EVENTS + 1);
        rows = found.fetch_all(query.reads.pool()).await?;
    }
    if rows.is_empty() {
        return Err(Error::NotFound { what: "request", id });
    }
    let most = usize::try_from(MAX_EVENTS).unwrap_or(usize::MAX);
    let truncated = rows.len() > most;
    rows.truncate(most);
    let mut events = rows
        .iter()
        .map(|row| EventRow::read(row).map(RecordedEvent::from))
        .collect::<Result<Vec<_>, _>>()?;
    let owners = owners(&events);
    // Who used the id first, unless somebody else is asked for.
    let by_request = events.iter().position(|event| event.request_id == id);
    let first = owners.get(by_request.unwrap_or_default()).cloned().unwrap_or_default();
    let owner = if actor.is_empty() { first } else { actor };
    let mut others: Vec<_> = owners.iter().filter(|other| **other != owner).cloned().collect();
    others.sort_unstable();
    others.dedup();
    let mut kept = owners.iter().map(|other| *other == owner);
    events.retain(|_| kept.next().unwrap_or_default());
    if events.is_empty() {
        return Err(Error::NotFound { what: "request", id });
    }
    explain(query, &mut events).await?;
    Ok(TraceReply {
        events,
        truncated,
        others,
        freshness: Some(freshness),
    })
}

fn select(correlations: &str) -> String {
    format!(
        "SELECT {COLUMNS}
         FROM (SELECT lane, position FROM audit WHERE correlation_id {correlations}
               ORDER BY recorded_at, lane, position LIMIT $2) a
         JOIN events e ON e.lane = a.lane AND e.position = a.position
         ORDER BY e.recorded_at, e.lane, e.position"
    )
}
