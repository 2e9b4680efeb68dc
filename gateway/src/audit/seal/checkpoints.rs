//! `GET /v1/audit/checkpoints`

use axum::{extract::State, response::Response};
use http::Uri;
use proto::v1;

use super::view::CheckpointView;
use crate::{
    auth::Admin,
    call::{CALL, ask, timed},
    consistency::Freshly,
    edge::Edge,
    page::Page,
    params::{Params, ReadParams, Values},
    problem::Problem,
};

/// Which page of the checkpoints.
pub(crate) struct CheckpointPage(v1::PageRequest);

impl ReadParams for CheckpointPage {
    fn read(values: &mut Values) -> Self {
        Self(values.page())
    }
}

/// Lists the signed checkpoints over the log
///
/// Newest first, without their notes.
#[utoipa::path(get, path = "/v1/audit/checkpoints", tag = "audit", security(("bearer" = [])),
    responses((status = 200, description = "A page of checkpoints", body = Page<CheckpointView>)))]
pub(crate) async fn list_checkpoints(
    State(edge): State<Edge>,
    uri: Uri,
    _: Admin,
    Params(CheckpointPage(page)): Params<CheckpointPage>,
    _: Freshly,
) -> Result<Response, Problem> {
    let request = v1::ListCheckpointsRequest { page: Some(page) };
    let reply = ask(CALL, edge.seal_query().list_checkpoints(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let items = reply.checkpoints.into_iter().map(CheckpointView::from).collect();
    Ok(Page::new(items, reply.page).reply(&edge, &uri, None))
}
