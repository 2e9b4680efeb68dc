//! `POST /v1/auth/logout`

use axum::{extract::State, response::Response};
use proto::v1;

use super::{Caller, session::done};
use crate::{
    app_state::AppState,
    body::Command,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, Permission, routes},
    json::Nothing,
    problem::Problem,
};

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::ProfileWrite)
        .refuses(&["session_not_found"])
        .causes(&["SessionEnded"])
        .handler(routes!(log_out))
}

/// Logs out
///
/// Ends the session of the access token. Within a second none of its tokens is good anywhere.
#[utoipa::path(post, path = "/v1/auth/logout", tag = "auth", responses((status = 204, description = "Logged out")))]
pub(crate) async fn log_out(
    State(app): State<AppState>,
    Caller(caller): Caller,
    command: Command<Nothing>,
) -> Result<Response, Problem> {
    let request = v1::EndSessionRequest {
        context: Some(command.context),
        session_id: caller.session_id.to_string(),
    };
    let reply = ask(CALL, app.user_command().log_out(timed(CALL, request))).await?;
    Ok(done(reply.committed))
}
