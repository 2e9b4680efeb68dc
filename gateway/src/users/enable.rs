//! `POST /v1/users/{id}/enable`

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
        .refuses(&["user_not_found"])
        .causes(&["UserEnabled"])
        .handler(routes!(enable_user))
}

/// Lets a user in again
///
/// The user logs in anew.
#[utoipa::path(post, path = "/v1/users/{id}/enable", tag = "users",
    params(("id" = String, Path, description = "Id of the user")),
    responses((status = 200, description = "Done", body = UserView)))]
pub(crate) async fn enable_user(
    State(app): State<AppState>,
    UserId(id): UserId,
    command: Command<Nothing>,
) -> Result<Response, Problem> {
    let request = v1::ChangeUserRequest {
        context: Some(command.context),
        id,
    };
    changed(ask(CALL, app.user_command().enable_user(timed(CALL, request))).await?)
}
