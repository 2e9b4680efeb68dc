//! `POST /v1/users/{id}/disable`

use axum::{extract::State, response::Response};
use proto::v1;

use super::changed;
use crate::{
    app_state::AppState,
    auth::me::UserView,
    body::Command,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, Permission, routes},
    id::UserId,
    json::Nothing,
    problem::Problem,
};

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::UsersWrite)
        .refuses(&["last_administrator", "user_not_found"])
        .causes(&["UserDisabled", "SessionEnded"])
        .handler(routes!(disable_user))
}

/// Shuts a user out
///
/// Ends the user's sessions. Within a second none of their tokens is good anywhere. The last administrator stays.
#[utoipa::path(post, path = "/v1/users/{id}/disable", tag = "users",
    params(("id" = String, Path, description = "Id of the user")),
    responses((status = 200, description = "Done", body = UserView)))]
pub(crate) async fn disable_user(
    State(app): State<AppState>,
    UserId(id): UserId,
    command: Command<Nothing>,
) -> Result<Response, Problem> {
    let request = v1::ChangeUserRequest {
        context: Some(command.context),
        id,
    };
    changed(ask(CALL, app.user_command().disable_user(timed(CALL, request))).await?)
}
