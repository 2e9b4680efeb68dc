//! `GET /v1/streams/{aggregate}/{id}`

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::{StatusCode, Uri};
use proto::v1;

use super::view::{EXPANSIONS, EventView};
use crate::{
    app_state::AppState,
    call::{CALL, ask, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    page::Page,
    params::{Params, params},
    problem::Problem,
};

/// Longest name of an aggregate or id of a stream, in bytes.
const MAX_NAME: usize = 500;

params! {
    /// Which events of the stream, and in which order.
    pub(crate) struct StreamFilters {
        /// Type of the event; several with commas, or by giving the parameter again: any of them.
        #[param(rename = "type", value_type = Option<String>, example = "OrderPlaced,OrderCancelled")]
        kinds: Vec<String> = words() named "type",
        /// `sequence`, or `-sequence`: newest first. `sequence`, unless said otherwise.
        #[param(required = false)]
        sort: String = sort(&["sequence"]),
        #[param(ignore)]
        page: v1::PageRequest = |values| values.page(),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::list(Permission::AuditRead)
        .expands(EXPANSIONS)
        .refuses(&["stream_not_found"])
        .handler(routes!(read_stream))
}

/// Reads the events of one aggregate
///
/// What the aggregate is now is the sum of them.
#[utoipa::path(get, path = "/v1/streams/{aggregate}/{id}", tag = "audit",
    params(("aggregate" = String, Path, description = "`product`, `stock`, `order`, `credit`, `sku`, `user`, `email`, `search_settings` or `projection`"),
        ("id" = String, Path, description = "Id of the aggregate; a product's stock has the product's id"), StreamFilters),
    responses((status = 200, description = "A page of events", body = Page<EventView>)))]
pub(crate) async fn read_stream(
    State(app): State<AppState>,
    uri: Uri,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
    Params(filters): Params<StreamFilters>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    let Path((aggregate_type, aggregate_id)) = path.map_err(|_| no_stream())?;
    if [&aggregate_type, &aggregate_id]
        .iter()
        .any(|name| name.len() > MAX_NAME || name.contains('\0'))
    {
        return Err(no_stream());
    }
    let all = filters.page.cursor.is_empty() && filters.kinds.is_empty();
    let request = v1::ReadStreamRequest {
        context: Some(context),
        aggregate_type,
        aggregate_id,
        page: Some(filters.page),
        event_types: filters.kinds,
        sort: filters.sort,
    };
    let reply = ask(CALL, app.audit_query().read_stream(timed(CALL, request)))
        .await
        .map_err(|failure| Problem::of_read(failure).missing("stream_not_found"))?;
    let page = Page::new(reply.events.into_iter().map(EventView::from).collect(), reply.page);
    if all && page.is_empty() {
        return Err(no_stream());
    }
    Ok(page.reply(&app, &uri, None))
}

fn no_stream() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "stream_not_found",
        "nothing has ever happened to such an aggregate",
    )
}
