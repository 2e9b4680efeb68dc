//! `GET /v1/processes/dead-letters`

use axum::response::Response;
use proto::v1;

use super::DeadLetterView;
use crate::{
    call::{CALL, timed},
    consistency::Checked,
    endpoint::{Described, Endpoint, Permission, routes},
    page::{List, Page},
    params::params,
    problem::Problem,
};

params! {
    /// Which effects.
    pub(crate) struct DeadLetterFilters {
        /// Of this process.
        #[param(example = "reservations")]
        process: Option<String> = text(),
        #[param(ignore)]
        page: v1::PageRequest = |values| values.page(),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::list(Permission::ProcessesRead)
        .operates()
        .handler(routes!(list_dead_letters))
}

/// Lists effects of processes that could not be delivered
///
/// They were refused for good, or tried often enough, and wait for somebody to retry or drop them. The oldest first.
#[utoipa::path(get, path = "/v1/processes/dead-letters", tag = "processes",
    params(DeadLetterFilters),
    responses((status = 200, description = "A page of them", body = Page<DeadLetterView>)))]
pub(crate) async fn list_dead_letters(
    List { filters, pages, .. }: List<DeadLetterFilters, Checked>,
) -> Result<Response, Problem> {
    let request = v1::ListDeadLettersRequest {
        page: Some(filters.page),
        process: filters.process.unwrap_or_default(),
    };
    pages
        .answer(
            pages.app.process_operations().list_dead_letters(timed(CALL, request)),
            DeadLetterView::from,
        )
        .await
}
