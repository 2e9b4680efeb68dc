//! `POST /v1/projections/parked/{id}/retry`

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use http::StatusCode;
use proto::v1;

use super::view::RetriedView;
use crate::{
    body::Command,
    call::{CALL, ask, timed},
    edge::Edge,
    endpoint::{Described, Endpoint, Permission, routes},
    json::Nothing,
    problem::Problem,
    reply::Reply,
};

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::ProjectionsWrite)
        .operates()
        .refuses(&[
            "parked_event_not_found",
            "parked_event_waits",
            "projection_needs_rebuild",
        ])
        .causes(&["ParkedEventsRetried"])
        .handler(routes!(retry_parked))
}

/// Applies the parked events of a stream again
///
/// In their order, until one cannot be applied. For use after what was wrong is mended. Events count once, also when it is sent twice.
#[utoipa::path(post, path = "/v1/projections/parked/{id}/retry", tag = "projections",
    params(("id" = String, Path, description = "Of a parked event of the stream, for example `orders.17.345`")),
    responses((status = 200, description = "What became of them", body = RetriedView)))]
pub(crate) async fn retry_parked(
    State(edge): State<Edge>,
    path: Result<Path<String>, PathRejection>,
    command: Command<Nothing>,
) -> Result<Response, Problem> {
    let request = v1::RetryParkedRequest {
        context: Some(command.context),
        id: super::id(path)?,
    };
    let reply = ask(CALL, edge.projection_operations().retry_parked(timed(CALL, request))).await?;
    let committed = v1::Committed {
        consistency_token: reply.consistency_token,
        ..v1::Committed::default()
    };
    let view = RetriedView::from(reply.result.unwrap_or_default());
    Ok(Reply::json(StatusCode::OK, &view).committed(&committed).into())
}
