//! `POST /v1/auth/login`

use axum::{extract::State, response::Response};
use http::{StatusCode, header::CACHE_CONTROL};
use proto::v1;
use serde::Serialize;

use super::{
    me::UserView,
    token::{LIFETIME, Role},
};
use crate::{
    app_state::AppState,
    body::Form,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, routes},
    json::body,
    problem::Problem,
    reply::Reply,
};

body! {
    /// An e-mail address and its password.
    pub(crate) struct Credentials {
        #[schema(example = "admin@example.com")]
        email: String = text(),
        #[schema(format = Password)]
        password: String = text(),
    }
}

/// A token and whom it speaks for.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Session {
    /// Send it as `Authorization: Bearer ...`.
    access_token: String,
    #[schema(value_type = String, example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    #[schema(example = 600)]
    expires_in: i64,
    user: UserView,
}

pub(crate) fn endpoint() -> Described {
    Endpoint::login()
        .refuses(&["invalid_credentials"])
        .causes(&["LoggedIn", "LogInFailed"])
        .handler(routes!(log_in))
}

/// Logs in
///
/// Answers with an access token, a JWT signed with Ed25519. Attempts are limited more strictly than other requests, and are on record:
/// `/v1/audit?type=LoggedIn,LogInFailed`.
#[utoipa::path(post, path = "/v1/auth/login", tag = "auth", request_body = Credentials,
    responses((status = 200, description = "Logged in", body = Session),
        (status = 401, description = "The e-mail address or the password is wrong")))]
pub(crate) async fn log_in(
    State(app): State<AppState>,
    Form { body, context }: Form<Credentials>,
) -> Result<Response, Problem> {
    let request = v1::AuthenticateRequest {
        email: body.email,
        password: body.password,
        context: Some(context),
    };
    let reply = ask(CALL, app.user_command().authenticate(timed(CALL, request))).await?;
    let user = reply.user.ok_or_else(Problem::internal)?;
    let role = match user.role() {
        v1::Role::Admin => Role::Admin,
        v1::Role::Customer => Role::Customer,
        v1::Role::Unspecified => return Err(Problem::internal()),
    };
    let access_token = app
        .tokens
        .issue(&user.id, role, (app.clock)(), (app.ids)())
        .map_err(|error| {
            tracing::error!(%error, "an access token could not be signed");
            Problem::internal()
        })?;
    let session = Session {
        access_token,
        token_type: "Bearer",
        expires_in: LIFETIME,
        user: UserView::from(user),
    };
    Ok(Reply::json(StatusCode::OK, &session)
        .header(CACHE_CONTROL, http::HeaderValue::from_static("no-store"))
        .into())
}
