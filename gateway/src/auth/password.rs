//! `POST /v1/auth/password`

use axum::{extract::State, response::Response};
use proto::v1;

use super::{Caller, session::done};
use crate::{
    app_state::AppState,
    body::Command,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, Permission, routes},
    json::{Fields, ReadBody},
    problem::Problem,
};

/// The present password and the one to come.
#[derive(utoipa::ToSchema)]
pub(crate) struct PasswordChange {
    #[schema(format = Password)]
    current_password: String,
    /// 8 to 128 characters; none of the 3,000 most common passwords, and not the e-mail address.
    #[schema(format = Password)]
    new_password: String,
}

impl ReadBody for PasswordChange {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            current_password: fields.text("current_password"),
            new_password: fields.text("new_password"),
        }
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::ProfileWrite)
        .refuses(&["user_not_found"])
        .causes(&["PasswordChanged", "SessionEnded", "LogInFailed"])
        .handler(routes!(change_password))
}

/// Changes the caller's password
///
/// Ends all other sessions of the caller.
#[utoipa::path(post, path = "/v1/auth/password", tag = "auth", request_body = PasswordChange,
    responses((status = 204, description = "Changed")))]
pub(crate) async fn change_password(
    State(app): State<AppState>,
    Caller(caller): Caller,
    command: Command<PasswordChange>,
) -> Result<Response, Problem> {
    let request = v1::ChangePasswordRequest {
        context: Some(command.context),
        current_password: command.body.current_password,
        new_password: command.body.new_password,
        session_id: caller.session_id.to_string(),
    };
    let reply = ask(CALL, app.user_command().change_password(timed(CALL, request))).await?;
    Ok(done(reply.committed))
}
