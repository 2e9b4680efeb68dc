//! `GET /v1/projections`

use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use proto::v1;

use super::view::ProjectionView;
use crate::{
    auth::Admin,
    call::{CALL, ask, timed},
    edge::Edge,
    page::Page,
    params::refuse_any,
    problem::Problem,
    reply::Reply,
};

/// Tells how the read models stand
///
/// One entry for the version of each that serves reads, and one for the version that a rebuild is making.
#[utoipa::path(get, path = "/v1/projections", tag = "projections", security(("bearer" = [])),
    responses((status = 200, description = "All of them, on one page", body = Page<ProjectionView>)))]
pub(crate) async fn list_projections(State(edge): State<Edge>, uri: Uri, _: Admin) -> Result<Response, Problem> {
    refuse_any(&uri)?;
    let request = v1::ListProjectionsRequest {};
    let reply = ask(
        CALL,
        edge.projection_operations().list_projections(timed(CALL, request)),
    )
    .await
    .map_err(Problem::of_read)?;
    let items = reply.projections.into_iter().map(ProjectionView::from).collect();
    Ok(Reply::json(StatusCode::OK, &Page::new(items, None)).into())
}
