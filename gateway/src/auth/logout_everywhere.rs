//! `POST /v1/auth/logout-everywhere`

use axum::{extract::State, response::Response};
use proto::v1;

use super::session::done;
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
        .causes(&["SessionEnded"])
        .handler(routes!(log_out_everywhere))
}

/// Logs out of all sessions
///
/// Ends every session of the caller, that of the access token too.
#[utoipa::path(post, path = "/v1/auth/logout-everywhere", tag = "auth",
    responses((status = 204, description = "Logged out")))]
pub(crate) async fn log_out_everywhere(
    State(app): State<AppState>,
    command: Command<Nothing>,
) -> Result<Response, Problem> {
    let request = v1::LogOutEverywhereRequest {
        context: Some(command.context),
    };
    let reply = ask(CALL, app.user_command().log_out_everywhere(timed(CALL, request))).await?;
    Ok(done(reply.committed))
}
