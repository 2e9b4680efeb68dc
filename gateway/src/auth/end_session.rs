//! `DELETE /v1/auth/sessions/{id}`

use axum::{extract::State, response::Response};
use proto::v1;

use super::session::done;
use crate::{
    app_state::AppState,
    body::Command,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, Permission, routes},
    id::SessionId,
    json::Nothing,
    problem::Problem,
};

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::ProfileWrite)
        .refuses(&["session_not_found"])
        .causes(&["SessionEnded"])
        .handler(routes!(end_session))
}

/// Ends a session of the caller
///
/// Ending one that has ended is no mistake.
#[utoipa::path(delete, path = "/v1/auth/sessions/{id}", tag = "auth",
    params(("id" = String, Path, description = "Id of the session")),
    responses((status = 204, description = "It has ended")))]
pub(crate) async fn end_session(
    State(app): State<AppState>,
    SessionId(id): SessionId,
    command: Command<Nothing>,
) -> Result<Response, Problem> {
    let request = v1::EndSessionRequest {
        context: Some(command.context),
        session_id: id,
    };
    let reply = ask(CALL, app.user_command().end_session(timed(CALL, request))).await?;
    Ok(done(reply.committed))
}
