//! `GET /v1/audit/checkpoints`

use axum::response::Response;
use proto::v1;

use super::view::CheckpointView;
use crate::{
    call::{CALL, timed},
    consistency::Checked,
    endpoint::{Described, Endpoint, Permission, routes},
    page::{List, Page},
    params::params,
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
    List { filters, pages, .. }: List<CheckpointFilters, Checked>,
) -> Result<Response, Problem> {
    let request = v1::ListCheckpointsRequest {
        page: Some(filters.page),
        made: filters.made,
        sort: filters.sort,
    };
    pages
        .answer(
            pages.app.seal_query().list_checkpoints(timed(CALL, request)),
            CheckpointView::from,
        )
        .await
}
