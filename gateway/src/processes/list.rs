//! `GET /v1/processes/dead-letters`

use axum::{extract::State, response::Response};
use http::Uri;
use proto::v1;

use super::DeadLetterView;
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
    State(app): State<AppState>,
    uri: Uri,
    Params(filters): Params<DeadLetterFilters>,
    _: Checked,
) -> Result<Response, Problem> {
    let request = v1::ListDeadLettersRequest {
        page: Some(filters.page),
        process: filters.process.unwrap_or_default(),
    };
    let reply = ask(CALL, app.process_operations().list_dead_letters(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let items = reply.dead_letters.into_iter().map(DeadLetterView::from).collect();
    Ok(Page::new(items, reply.page).reply(&app, &uri, None))
}
