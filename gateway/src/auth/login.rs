//! `POST /v1/auth/login`

use std::time::Duration;

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::{failure::Failure, v1};

use super::session::{self, SessionView};
use crate::{
    app_state::AppState,
    body::Form,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, routes},
    json::body,
    problem::Problem,
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

pub(crate) fn endpoint() -> Described {
    Endpoint::login()
        .refuses(&["invalid_credentials", "log_in_delayed"])
        .causes(&["LoggedIn", "LogInFailed", "SessionOpened"])
        .handler(routes!(log_in))
}

/// Logs in
///
/// Answers with an access token, a JWT signed with Ed25519, and a refresh token to go on with. Attempts are limited more strictly than other
/// requests, each wrong one delays the next, and all are on record: `/v1/audit?type=LoggedIn,LogInFailed`.
#[utoipa::path(post, path = "/v1/auth/login", tag = "auth", request_body = Credentials,
    responses((status = 200, description = "Logged in", body = SessionView),
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
    let reply = ask(CALL, app.user_command().authenticate(timed(CALL, request)))
        .await
        .map_err(refused)?;
    session::answer(&app, reply)
}

/// It is who asks, and not the service, that is to slow down.
fn refused(failure: Failure) -> Problem {
    if failure.code != "log_in_delayed" {
        return failure.into();
    }
    let wait = Duration::from_millis(failure.retry_after_ms.into());
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "log_in_delayed", failure.message).with_retry_after(wait)
}
