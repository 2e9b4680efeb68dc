//! `POST /v1/users`

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::v1;

use super::role::ROLES;
use crate::{
    app_state::AppState,
    auth::me::UserView,
    body::Command,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, Permission, routes},
    identity::token::Role,
    json::{Fields, ReadBody},
    problem::Problem,
    reply::Reply,
};

/// An account to be.
#[derive(utoipa::ToSchema)]
pub(crate) struct NewUser {
    #[schema(example = "bea@shop.example")]
    email: String,
    #[schema(example = "Bea")]
    name: String,
    #[schema(value_type = Role)]
    role: v1::Role,
    /// 8 to 128 characters; none of the 3,000 most common passwords, and not the e-mail address.
    #[schema(format = Password)]
    password: String,
}

impl ReadBody for NewUser {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            email: fields.text("email"),
            name: fields.text("name"),
            role: fields.one_of("role", ROLES).unwrap_or_default(),
            password: fields.text("password"),
        }
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::UsersWrite)
        .refuses(&["email_taken"])
        .causes(&["UserRegistered", "EmailClaimed"])
        .handler(routes!(create_user))
}

/// Opens an account for somebody
#[utoipa::path(post, path = "/v1/users", tag = "users", request_body = NewUser,
    responses((status = 201, description = "Opened", body = UserView)))]
pub(crate) async fn create_user(State(app): State<AppState>, command: Command<NewUser>) -> Result<Response, Problem> {
    let NewUser {
        email,
        name,
        role,
        password,
    } = command.body;
    let request = v1::CreateUserRequest {
        context: Some(command.context),
        email,
        name,
        role: role.into(),
        password,
    };
    let reply = ask(CALL, app.user_command().create_user(timed(CALL, request))).await?;
    let user = reply.user.ok_or_else(Problem::internal)?;
    let path = format!("/v1/users/{}", user.id);
    Ok(Reply::json(StatusCode::CREATED, &UserView::from(user))
        .location(&app.base, &path)
        .committed(&reply.committed.unwrap_or_default())
        .into())
}
