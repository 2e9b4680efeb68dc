//! What whoever logs in or goes on is answered with.

use axum::response::Response;
use http::{StatusCode, header::CACHE_CONTROL};
use proto::v1;
use serde::Serialize;

use super::{
    me::UserView,
    token::{LIFETIME, Role},
};
use crate::{app_state::AppState, problem::Problem, reply::Reply};

/// Tokens and whom they speak for.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    /// Send it as `Authorization: Bearer ...`.
    access_token: String,
    #[schema(value_type = String, example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    #[schema(example = 600)]
    expires_in: i64,
    /// Good once, for `POST /v1/auth/refresh`.
    #[schema(example = "trr_AZjA3gAAcACAAAAAAAAAAQAAAAA...")]
    refresh_token: String,
    #[schema(example = "ses_0198c0de-0000-7000-8000-000000000001")]
    session_id: String,
    user: UserView,
}

pub(super) fn answer(app: &AppState, reply: v1::AuthenticateReply) -> Result<Response, Problem> {
    let user = reply.user.ok_or_else(Problem::internal)?;
    let role = match user.role() {
        v1::Role::Admin => Role::Admin,
        v1::Role::Customer => Role::Customer,
        v1::Role::Unspecified => return Err(Problem::internal()),
    };
    let access_token = app
        .tokens
        .issue(&user.id, role, &reply.session_id, (app.clock)(), (app.ids)())
        .map_err(|error| {
            tracing::error!(%error, "an access token could not be signed");
            Problem::internal()
        })?;
    let session = SessionView {
        access_token,
        token_type: "Bearer",
        expires_in: LIFETIME,
        refresh_token: reply.refresh_token,
        session_id: reply.session_id,
        user: UserView::from(user),
    };
    Ok(Reply::json(StatusCode::OK, &session)
        .header(CACHE_CONTROL, http::HeaderValue::from_static("no-store"))
        .into())
}

/// A write that has nothing to show.
pub(super) fn done(committed: Option<v1::Committed>) -> Response {
    Reply::empty(StatusCode::NO_CONTENT)
        .committed(&committed.unwrap_or_default())
        .into()
}
