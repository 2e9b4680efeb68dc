//! `GET /v1/auth/sessions`

use axum::{extract::State, response::Response};
use http::{StatusCode, header::CACHE_CONTROL};
use proto::v1;
use serde::Serialize;

use super::Caller;
use crate::{
    app_state::AppState,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, Permission, routes},
    problem::Problem,
    reply::Reply,
    times::rfc3339,
};

/// The caller's sessions that have not ended.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Sessions {
    items: Vec<OpenSession>,
}

/// A session: somewhere where the caller is logged in.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OpenSession {
    #[schema(example = "ses_0198c0de-0000-7000-8000-000000000001")]
    id: String,
    /// What the device said it is when the session was opened.
    user_agent: Option<String>,
    /// Where the log-in or the last refresh came from.
    address: Option<String>,
    opened_at: String,
    /// When it was opened or refreshed last.
    last_seen_at: String,
    /// Whether the request belongs to it.
    current: bool,
}

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::ProfileRead).handler(routes!(list_sessions))
}

/// Lists the caller's sessions
///
/// Those that have not ended, the newest first, as of now.
#[utoipa::path(get, path = "/v1/auth/sessions", tag = "auth",
    responses((status = 200, description = "The sessions", body = Sessions)))]
pub(crate) async fn list_sessions(State(app): State<AppState>, Caller(caller): Caller) -> Result<Response, Problem> {
    let request = v1::ListSessionsRequest {
        user_id: caller.user_id.to_string(),
    };
    let reply = ask(CALL, app.user_command().list_sessions(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let items = reply.sessions.into_iter().map(|session| OpenSession {
        current: *session.id == *caller.session_id,
        id: session.id,
        user_agent: Some(session.user_agent).filter(|agent| !agent.is_empty()),
        address: Some(session.client_ip).filter(|address| !address.is_empty()),
        opened_at: rfc3339(session.opened_at_micros),
        last_seen_at: rfc3339(session.last_seen_at_micros),
    });
    let sessions = Sessions { items: items.collect() };
    Ok(Reply::json(StatusCode::OK, &sessions)
        .header(CACHE_CONTROL, http::HeaderValue::from_static("no-store"))
        .into())
}
