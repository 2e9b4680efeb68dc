//! `POST /v1/auth/refresh`

use axum::{extract::State, response::Response};
use proto::v1;

use super::session::{self, SessionView};
use crate::{
    app_state::AppState,
    body::Form,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, routes},
    json::{Fields, ReadBody},
    problem::Problem,
};

/// A refresh token.
#[derive(utoipa::ToSchema)]
pub(crate) struct Refresh {
    #[schema(format = Password)]
    refresh_token: String,
}

impl ReadBody for Refresh {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            refresh_token: fields.text("refresh_token"),
        }
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::login()
        .refuses(&["invalid_refresh_token", "session_ended"])
        .causes(&["RefreshTokenReused", "SessionEnded"])
        .handler(routes!(refresh_session))
}

/// Goes on with a session
///
/// Answers with a new access token and a new refresh token; a refresh token is good once. If the answer gets lost, ask again with the same
/// one: for 30 seconds the answer has the same new refresh token. Later use of an old one ends the session, because somebody has a copy.
#[utoipa::path(post, path = "/v1/auth/refresh", tag = "auth", request_body = Refresh,
    responses((status = 200, description = "It goes on", body = SessionView),
        (status = 401, description = "The refresh token is not one of ours, or its session has ended")))]
pub(crate) async fn refresh_session(
    State(app): State<AppState>,
    Form { body, context }: Form<Refresh>,
) -> Result<Response, Problem> {
    let request = v1::RefreshSessionRequest {
        refresh_token: body.refresh_token,
        context: Some(context),
    };
    let reply = ask(CALL, app.user_command().refresh_session(timed(CALL, request))).await?;
    session::answer(&app, reply)
}
