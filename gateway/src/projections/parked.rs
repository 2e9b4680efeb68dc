//! `GET /v1/projections/parked`

use axum::response::Response;
use proto::v1;

use super::view::{EXPANSIONS, ParkedView, STATES};
use crate::{
    call::{CALL, timed},
    consistency::Checked,
    endpoint::{Described, Endpoint, Permission, routes},
    page::{List, Page},
    params::params,
    problem::Problem,
};

params! {
    /// Which events.
    pub(crate) struct ParkedFilters {
        /// Of this read model.
        #[param(example = "orders")]
        projection: Option<String> = text(),
        /// `failed` (cannot be applied), `waiting` (behind a failed one of its stream) or `skipped` (by an operator).
        #[param(value_type = Option<String>, example = "failed")]
        state: Option<v1::ParkedState> = one_of(STATES),
        /// Of the stream of this id.
        aggregate_id: Option<String> = text(),
        /// `id` (by read model and place in the log) or `parked_at`; a leading `-` reverses. `id`, unless said otherwise.
        #[param(required = false)]
        sort: String = sort(&["id", "parked_at"]),
        #[param(ignore)]
        page: v1::PageRequest = |values| values.page(),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::list(Permission::ProjectionsRead)
        .operates()
        .expands(EXPANSIONS)
        .handler(routes!(list_parked))
}

/// Lists events that a read model does not show
///
/// An event that cannot be applied is parked, and later events of its stream wait behind it; everything else goes on. Skipped events
/// are listed as well.
#[utoipa::path(get, path = "/v1/projections/parked", tag = "projections",
    params(ParkedFilters),
    responses((status = 200, description = "A page of them", body = Page<ParkedView>)))]
pub(crate) async fn list_parked(
    List { filters, pages, .. }: List<ParkedFilters, Checked>,
) -> Result<Response, Problem> {
    let request = v1::ListParkedRequest {
        page: Some(filters.page),
        projection: filters.projection.unwrap_or_default(),
        state: filters.state.unwrap_or_default().into(),
        aggregate_id: filters.aggregate_id.unwrap_or_default(),
        sort: filters.sort,
    };
    pages
        .answer(
            pages.app.projection_operations().list_parked(timed(CALL, request)),
            ParkedView::from,
        )
        .await
}
