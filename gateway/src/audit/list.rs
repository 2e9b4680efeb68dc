//! `GET /v1/audit`

use axum::{extract::State, response::Response};
use http::Uri;
use proto::v1;
use uuid::Uuid;

use super::view::EventView;
use crate::{
    auth::Admin,
    call::{CALL, ask, timed},
    consistency::Freshly,
    edge::Edge,
    page::Page,
    params::{Params, ReadParams, Values},
    problem::Problem,
};

/// Which events.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventFilters {
    /// Who did it: a user's id, or `system:<process>`.
    actor: Option<String>,
    /// Type of the event.
    #[param(rename = "type", example = "OrderPlaced")]
    kind: Option<String>,
    /// Type of the aggregate.
    #[param(example = "order")]
    aggregate: Option<String>,
    /// Id of the aggregate.
    aggregate_id: Option<String>,
    /// Id shared by everything that one request set in motion.
    correlation: Option<String>,
    #[param(ignore)]
    recorded: Option<v1::TimeRange>,
    #[param(ignore)]
    page: v1::PageRequest,
}

impl ReadParams for EventFilters {
    fn read(values: &mut Values) -> Self {
        let correlation = values.text("correlation");
        if correlation.as_deref().is_some_and(|id| Uuid::try_parse(id).is_err()) {
            values.wrong("correlation", "invalid_format", "a UUID is expected");
        }
        Self {
            actor: values.text("actor"),
            kind: values.text("type"),
            aggregate: values.text("aggregate"),
            aggregate_id: values.text("aggregate_id"),
            correlation,
            recorded: values.time_range(),
            page: values.page(),
        }
    }
}

/// Lists everybody's events
///
/// Newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", security(("bearer" = [])),
    params(EventFilters,
        ("from" = Option<String>, Query, description = "Recorded at or after this RFC 3339 time, or the start of this date in UTC."),
        ("to" = Option<String>, Query, description = "Recorded before this RFC 3339 time, or the start of this date in UTC.")),
    responses((status = 200, description = "A page of events", body = Page<EventView>)))]
pub(crate) async fn list_events(
    State(edge): State<Edge>,
    uri: Uri,
    _: Admin,
    Params(filters): Params<EventFilters>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    let request = v1::ListEventsRequest {
        context: Some(context),
        page: Some(filters.page),
        actor: filters.actor.unwrap_or_default(),
        event_type: filters.kind.unwrap_or_default(),
        aggregate_type: filters.aggregate.unwrap_or_default(),
        aggregate_id: filters.aggregate_id.unwrap_or_default(),
        correlation_id: filters.correlation.unwrap_or_default(),
        recorded: filters.recorded,
    };
    let reply = ask(CALL, edge.audit_query().list_events(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let items = reply.events.into_iter().map(EventView::from).collect();
    Ok(Page::new(items, reply.page).reply(&edge, &uri, reply.freshness))
}
