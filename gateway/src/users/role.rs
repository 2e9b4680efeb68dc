//! `PATCH /v1/users/{id}`

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
    identity::token::Role,
    json::{Fields, ReadBody},
    problem::Problem,
};

/// Words of the roles.
pub(super) const ROLES: &[(&str, v1::Role)] = &[("admin", v1::Role::Admin), ("customer", v1::Role::Customer)];

/// What is to change about a user.
#[derive(utoipa::ToSchema)]
#[schema(example = json!({"role": "customer"}))]
pub(crate) struct UserPatch {
    #[schema(value_type = Role)]
    role: v1::Role,
}

impl ReadBody for UserPatch {
    const MEDIA_TYPES: &'static [&'static str] = &["application/merge-patch+json", "application/json"];

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            role: fields.one_of("role", ROLES).unwrap_or_default(),
        }
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::UsersWrite)
        .refuses(&["last_administrator", "user_not_found"])
        .causes(&["UserRoleChanged"])
        .handler(routes!(change_role))
}

/// Gives a user another role
///
/// Within a second tokens with the former one are good nowhere; refreshing the session gives one with the new one. The last administrator
/// stays one.
#[utoipa::path(patch, path = "/v1/users/{id}", tag = "users",
    params(("id" = String, Path, description = "Id of the user")),
    request_body(content = UserPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "Done", body = UserView)))]
pub(crate) async fn change_role(
    State(app): State<AppState>,
    UserId(id): UserId,
    command: Command<UserPatch>,
) -> Result<Response, Problem> {
    let request = v1::ChangeRoleRequest {
        context: Some(command.context),
        id,
        role: command.body.role.into(),
    };
    changed(ask(CALL, app.user_command().change_role(timed(CALL, request))).await?)
}
