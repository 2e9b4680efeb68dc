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
    app_state::AppState,
    call::{CALL, ask, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    params::{Params, params},
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
    /// One for each correlation id: a client may have sent several requests under one id. Of who used the id first, or of `actor`.
    requests: Vec<RequestNode>,
    /// Others whose requests came with the id too. Give one as `actor` to see theirs.
    #[schema(example = json!([]))]
    others: Vec<String>,
    /// There is more than is shown: at most 1000 events, the oldest, and 24 commands below one another.
    truncated: bool,
}

params! {
    /// Whose request it is.
    pub(crate) struct Whose {
        /// Whose request: a user's id, or `system:<process>`. Without it, that of who used the id first.
        #[param(example = "usr_0198c0de-0000-7000-8000-000000000001")]
        actor: Option<String> = text(),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::AuditRead)
        .refuses(&["request_not_found"])
        .handler(routes!(trace_request))
}

/// What a request set in motion, as a tree
///
/// From the request to its commands, from each command to its events and to the commands that it called, and from each event to the
/// commands that reacted to it.
#[utoipa::path(get, path = "/v1/audit/requests/{id}", tag = "audit",
    params(("id" = String, Path, description = "`X-Correlation-Id` or `X-Request-Id` of the request"), Whose),
    responses((status = 200, description = "The tree", body = TraceView)))]
pub(crate) async fn trace_request(
    State(app): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    Params(Whose { actor }): Params<Whose>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    let Path(id) = path.map_err(|_| no_request())?;
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(no_request());
    }
    let request = v1::TraceRequest {
        context: Some(context),
        id: id.clone(),
        actor: actor.unwrap_or_default(),
    };
    let reply = ask(CALL, app.audit_query().trace(timed(CALL, request)))
        .await
        .map_err(|failure| Problem::of_read(failure).missing("request_not_found"))?;
    let (requests, too_deep) = tree::grow(reply.events);
    let view = TraceView {
        id,
        requests,
        others: reply.others,
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
