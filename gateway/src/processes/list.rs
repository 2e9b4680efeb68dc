//! `GET /v1/processes/dead-letters`

use axum::{extract::State, response::Response};
use http::Uri;
use proto::v1;

use super::DeadLetterView;
use crate::{
    auth::Admin,
    call::{CALL, ask, timed},
    consistency::Checked,
    edge::Edge,
    page::Page,
    params::{Params, ReadParams, Values},
    problem::Problem,
};

/// Which effects.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeadLetterFilters {
    /// Of this process.
    #[param(example = "reservations")]
    process: Option<String>,
    #[param(ignore)]
    page: v1::PageRequest,
}

impl ReadParams for DeadLetterFilters {
    fn read(values: &mut Values) -> Self {
        Self {
            process: values.text("process"),
            page: values.page(),
        }
    }
}

/// Lists effects of processes that could not be delivered
///
/// They were refused for good, or tried often enough, and wait for somebody to retry or drop them. The oldest first.
#[utoipa::path(get, path = "/v1/processes/dead-letters", tag = "processes", security(("bearer" = [])),
    params(DeadLetterFilters),
    responses((status = 200, description = "A page of them", body = Page<DeadLetterView>)))]
pub(crate) async fn list_dead_letters(
    State(edge): State<Edge>,
    uri: Uri,
    _: Admin,
    Params(filters): Params<DeadLetterFilters>,
    _: Checked,
) -> Result<Response, Problem> {
    let request = v1::ListDeadLettersRequest {
        page: Some(filters.page),
        process: filters.process.unwrap_or_default(),
    };
    let reply = ask(CALL, edge.process_operations().list_dead_letters(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let items = reply.dead_letters.into_iter().map(DeadLetterView::from).collect();
    Ok(Page::new(items, reply.page).reply(&edge, &uri, None))
}
