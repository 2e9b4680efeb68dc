//! `GET /v1/audit`

use axum::response::Response;
use proto::v1;
use uuid::Uuid;

use super::{entry::EntryView, view::EXPANSIONS};
use crate::{
    call::{CALL, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    page::{List, Page},
    params::{Values, params},
    problem::Problem,
};

params! {
    /// Which events.
    pub(crate) struct EventFilters {
        /// Who did it: a user's id or e-mail address, or `system:<process>`.
        actor: Option<String> = text(),
        /// Type of the event; several with commas, or by giving the parameter again: any of them.
        #[param(rename = "type", value_type = Option<String>, example = "OrderPlaced,OrderCancelled")]
        kinds: Vec<String> = words() named "type",
        /// Type of the aggregate.
        #[param(example = "order")]
        aggregate: Option<String> = text(),
        /// Id of the aggregate.
        aggregate_id: Option<String> = text(),
        /// Only events that changed this field, as `changes` calls it; `attributes` is any attribute of a product.
        #[param(example = "attributes.colour")]
        field: Option<String> = text(),
        /// Id shared by everything that one request set in motion.
        correlation: Option<String> = |values| uuid(values, "correlation"),
        /// Id of the request.
        request: Option<String> = text(),
        /// `recorded_at` or `occurred_at`; a leading `-` is newest first. `-recorded_at`, unless said otherwise.
        #[param(value_type = Option<String>, example = "-recorded_at")]
        sort: String = sort(&["recorded_at", "occurred_at"]),
        #[param(ignore)]
        recorded: Option<v1::TimeRange> = |values| values.time_range(),
        #[param(ignore)]
        occurred: Option<v1::TimeRange> = times_between("occurred_to") named "occurred_from",
        #[param(ignore)]
        page: v1::PageRequest = |values| values.page(),
    }
}

fn uuid(values: &mut Values, name: &str) -> Option<String> {
    let id = values.text(name);
    if id.as_deref().is_some_and(|id| Uuid::try_parse(id).is_err()) {
        values.wrong(name, "invalid_format", "a UUID is expected");
    }
    id
}

pub(crate) fn endpoint() -> Described {
    Endpoint::list(Permission::AuditRead)
        .expands(EXPANSIONS)
        .handler(routes!(list_events))
}

/// Who did what, when, from where and why
///
/// Everybody's events, newest first, each with what it changed. All filters combine.
#[utoipa::path(get, path = "/v1/audit", tag = "audit",
    params(EventFilters,
        ("from" = Option<String>, Query, description = "Recorded at or after this RFC 3339 time, or the start of this date in UTC."),
        ("to" = Option<String>, Query, description = "Recorded before this RFC 3339 time, or the start of this date in UTC."),
        ("occurred_from" = Option<String>, Query, description = "Happened at or after this time or date."),
        ("occurred_to" = Option<String>, Query, description = "Happened before this time or date.")),
    responses((status = 200, description = "A page of events", body = Page<EntryView>)))]
pub(crate) async fn list_events(
    List {
        filters,
        context: Freshly(context),
        pages,
    }: List<EventFilters>,
) -> Result<Response, Problem> {
    let request = v1::ListEventsRequest {
        context: Some(context),
        page: Some(filters.page),
        actor: filters.actor.unwrap_or_default(),
        event_types: filters.kinds,
        aggregate_type: filters.aggregate.unwrap_or_default(),
        aggregate_id: filters.aggregate_id.unwrap_or_default(),
        field: filters.field.unwrap_or_default(),
        correlation_id: filters.correlation.unwrap_or_default(),
        request_id: filters.request.unwrap_or_default(),
        sort: filters.sort,
        recorded: filters.recorded,
        occurred: filters.occurred,
        ..v1::ListEventsRequest::default()
    };
    pages
        .answer(
            pages.app.audit_query().list_events(timed(CALL, request)),
            EntryView::from,
        )
        .await
}
