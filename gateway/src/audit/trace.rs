//! `GET /v1/audit/requests/{id}`

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use http::StatusCode;
use proto::v1;
use serde::Serialize;

use super::tree::{self, RequestNode};
use crate::{
    auth::Admin,
    call::{CALL, ask, timed},
    consistency::Freshly,
    edge::Edge,
    params::{NoParams, Params},
    problem::Problem,
    reply::Reply,
};

/// Longest id of a request.
const MAX_ID: usize = 128;

/// What a request set in motion.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AuditTrace)]
pub(crate) struct TraceView {
    /// As it was asked for.
    id: String,
    /// One for each correlation id: a client may have sent several requests under one id.
    requests: Vec<RequestNode>,
    /// There is more than is shown: at most 1000 events, the oldest, and 24 commands below one another.
    truncated: bool,
}

/// What a request set in motion, as a tree
///
/// From the request to its commands, from each command to its events and to the commands that it called, and from each event to the
/// commands that reacted to it.
#[utoipa::path(get, path = "/v1/audit/requests/{id}", tag = "audit", security(("bearer" = [])),
    params(("id" = String, Path, description = "`X-Correlation-Id` or `X-Request-Id` of the request")),
    responses((status = 200, description = "The tree", body = TraceView)))]
pub(crate) async fn trace_request(
    State(edge): State<Edge>,
    _: Admin,
    path: Result<Path<String>, PathRejection>,
    _: Params<NoParams>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    let Path(id) = path.map_err(|_| no_request())?;
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(no_request());
    }
    let request = v1::TraceRequest {
        context: Some(context),
        id: id.clone(),
    };
    let reply = ask(CALL, edge.audit_query().trace(timed(CALL, request)))
        .await
        .map_err(|failure| Problem::of_read(failure).missing("request_not_found"))?;
    let (requests, too_deep) = tree::grow(reply.events);
    let view = TraceView {
        id,
        requests,
        truncated: reply.truncated || too_deep,
    };
    Ok(Reply::json(StatusCode::OK, &view).freshness(reply.freshness).into())
}

fn no_request() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "request_not_found",
        "no request with such an id ever changed anything",
    )
}
