//! `POST /v1/projections/parked/{id}/skip`

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use http::StatusCode;
use proto::v1;

use super::view::SkippedView;
use crate::{
    app_state::AppState,
    body::Command,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, Permission, routes},
    json::body,
    problem::Problem,
    reply::Reply,
};

body! {
    /// Why an event is skipped.
    pub(crate) struct Skipping {
        /// Kept with the event and in the audit.
        #[schema(
            example = "written by a test system; nothing was sold")]
        reason: String = ruled(&values::REASON),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::ProjectionsWrite)
        .operates()
        .refuses(&[
            "parked_event_not_found",
            "parked_event_waits",
            "projection_needs_rebuild",
        ])
        .causes(&["ParkedEventSkipped"])
        .handler(routes!(skip_parked))
}

/// Takes an event out of a read model
///
/// For good: rebuilds leave it out as well. The events that wait behind it go on. Who did it and why is kept. Skipping it again
/// changes nothing.
#[utoipa::path(post, path = "/v1/projections/parked/{id}/skip", tag = "projections",
    request_body = Skipping,
    params(("id" = String, Path, description = "Of the event, for example `orders.17.345`")),
    responses((status = 200, description = "Skipped", body = SkippedView)))]
pub(crate) async fn skip_parked(
    State(app): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    command: Command<Skipping>,
) -> Result<Response, Problem> {
    let request = v1::SkipParkedRequest {
        context: Some(command.context),
        id: super::id(path)?,
        reason: command.body.reason,
    };
    let mut reply = ask(CALL, app.projection_operations().skip_parked(timed(CALL, request))).await?;
    let committed = v1::Committed {
        consistency_token: std::mem::take(&mut reply.consistency_token),
        ..v1::Committed::default()
    };
    let view = SkippedView::from(reply);
    Ok(Reply::json(StatusCode::OK, &view).committed(&committed).into())
}
