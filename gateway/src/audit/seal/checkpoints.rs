//! `GET /v1/audit/checkpoints`

use axum::{extract::State, response::Response};
use http::Uri;
use proto::v1;

use super::view::CheckpointView;
use crate::{
    app_state::AppState,
    call::{CALL, ask, timed},
    consistency::Checked,
    endpoint::{Described, Endpoint, Permission, routes},
    page::Page,
    params::{Params, params},
    problem::Problem,
};

params! {
    /// Which checkpoints, and in which order.
    pub(crate) struct CheckpointFilters {
        /// `number`, or `-number`: newest first. `-number`, unless said otherwise.
        #[param(required = false)]
        sort: String = sort(&["number"]),
        #[param(ignore)]
        made: Option<v1::TimeRange> = |values| values.time_range(),
        #[param(ignore)]
        page: v1::PageRequest = |values| values.page(),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::list(Permission::AuditRead).handler(routes!(list_checkpoints))
}

/// Lists the signed checkpoints over the log
///
/// Without their notes.
#[utoipa::path(get, path = "/v1/audit/checkpoints", tag = "audit",
    params(CheckpointFilters,
        ("from" = Option<String>, Query, description = "Made at or after this RFC 3339 time, or the start of this date in UTC."),
        ("to" = Option<String>, Query, description = "Made before this RFC 3339 time, or the start of this date in UTC.")),
    responses((status = 200, description = "A page of checkpoints", body = Page<CheckpointView>)))]
pub(crate) async fn list_checkpoints(
    State(app): State<AppState>,
    uri: Uri,
    Params(filters): Params<CheckpointFilters>,
    _: Checked,
) -> Result<Response, Problem> {
    let request = v1::ListCheckpointsRequest {
        page: Some(filters.page),
        made: filters.made,
        sort: filters.sort,
    };
    let reply = ask(CALL, app.seal_query().list_checkpoints(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let items = reply.checkpoints.into_iter().map(CheckpointView::from).collect();
    Ok(Page::new(items, reply.page).reply(&app, &uri, None))
}
