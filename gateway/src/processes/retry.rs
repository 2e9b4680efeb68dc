//! `POST /v1/processes/dead-letters/{id}/retry`

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use http::StatusCode;
use proto::v1;

use super::DeadLetterView;
use crate::{
    app_state::AppState,
    body::Command,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, Permission, routes},
    json::Nothing,
    problem::Problem,
    reply::Reply,
};

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::ProcessesWrite)
        .operates()
        .refuses(&["dead_letter_not_found"])
        .causes(&["EffectRetried"])
        .handler(routes!(retry_dead_letter))
}

/// Has an effect delivered as if it had never been tried
///
/// For use after what was wrong is mended. An effect takes place once, also when its first delivery was only believed to have failed.
#[utoipa::path(post, path = "/v1/processes/dead-letters/{id}/retry", tag = "processes",
    params(("id" = String, Path, description = "Of the effect")),
    responses((status = 200, description = "The effect as it was; it is tried again now", body = DeadLetterView)))]
pub(crate) async fn retry_dead_letter(
    State(app): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    command: Command<Nothing>,
) -> Result<Response, Problem> {
    let request = v1::RetryDeadLetterRequest {
        context: Some(command.context),
        id: super::id(path)?,
    };
    let reply = ask(CALL, app.process_operations().retry_dead_letter(timed(CALL, request))).await?;
    let committed = v1::Committed {
        consistency_token: reply.consistency_token,
        ..v1::Committed::default()
    };
    let view = DeadLetterView::from(reply.dead_letter.unwrap_or_default());
    Ok(Reply::json(StatusCode::OK, &view).committed(&committed).into())
}
