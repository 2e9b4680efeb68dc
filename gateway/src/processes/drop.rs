//! `POST /v1/processes/dead-letters/{id}/drop`

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use http::StatusCode;
use proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app_state::AppState,
    body::Command,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, Permission, routes},
    json::body,
    problem::Problem,
    reply::Reply,
    times::rfc3339,
};

body! {
    /// Why an effect is dropped.
    pub(crate) struct Dropping {
        /// Kept with the effect and in the audit.
        #[schema(example = "settled by hand")]
        reason: String = ruled(&values::REASON),
    }
}

/// Who dropped an effect, when and why.
#[derive(Serialize, ToSchema)]
#[schema(as = DroppedDeadLetter)]
pub(crate) struct DroppedView {
    id: String,
    actor: String,
    reason: String,
    dropped_at: String,
}

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::ProcessesWrite)
        .operates()
        .refuses(&["dead_letter_not_found"])
        .causes(&["EffectDropped"])
        .handler(routes!(drop_dead_letter))
}

/// Gives up an effect for good
///
/// It never takes place, and its process is informed. Who did it and why is recorded. Dropping it again changes nothing.
#[utoipa::path(post, path = "/v1/processes/dead-letters/{id}/drop", tag = "processes",
    request_body = Dropping,
    params(("id" = String, Path, description = "Of the effect")),
    responses((status = 200, description = "Dropped", body = DroppedView)))]
pub(crate) async fn drop_dead_letter(
    State(app): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    command: Command<Dropping>,
) -> Result<Response, Problem> {
    let request = v1::DropDeadLetterRequest {
        context: Some(command.context),
        id: super::id(path)?,
        reason: command.body.reason,
    };
    let reply = ask(CALL, app.process_operations().drop_dead_letter(timed(CALL, request))).await?;
    let committed = v1::Committed {
        consistency_token: reply.consistency_token,
        ..v1::Committed::default()
    };
    let view = DroppedView {
        id: reply.id,
        actor: reply.actor,
        reason: reply.reason,
        dropped_at: rfc3339(reply.dropped_at_micros),
    };
    Ok(Reply::json(StatusCode::OK, &view).committed(&committed).into())
}
