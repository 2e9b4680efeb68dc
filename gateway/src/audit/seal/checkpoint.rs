//! `GET /v1/audit/checkpoints/{number}`

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use proto::v1;

use super::view::CheckpointView;
use crate::{
    call::{CALL, ask, timed},
    consistency::Checked,
    edge::Edge,
    endpoint::{Described, Endpoint, Permission, routes},
    params::{NoParams, Params},
    problem::Problem,
    reply::Reply,
};

/// The word that stands for the newest checkpoint's number.
const LATEST: &str = "latest";

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::AuditRead)
        .refuses(&["checkpoint_not_found"])
        .handler(routes!(read_checkpoint))
}

/// Reads a signed checkpoint
///
/// Keep its `note` where the database's owner cannot reach it: `tillroll audit verify --checkpoints FILE` then notices any history that
/// was written anew.
#[utoipa::path(get, path = "/v1/audit/checkpoints/{number}", tag = "audit",
    params(("number" = String, Path, description = "Number of the checkpoint, or `latest`")),
    responses((status = 200, description = "The checkpoint", body = CheckpointView)))]
pub(crate) async fn read_checkpoint(
    State(edge): State<Edge>,
    number: Result<Path<String>, axum::extract::rejection::PathRejection>,
    _: Params<NoParams>,
    _: Checked,
) -> Result<Response, Problem> {
    let number = number.map_err(|_| none())?.0;
    let number = match number.as_str() {
        LATEST => 0,
        digits => digits.parse().ok().filter(|number| *number > 0).ok_or_else(none)?,
    };
    let request = v1::GetCheckpointRequest { number };
    let checkpoint = ask(CALL, edge.seal_query().get_checkpoint(timed(CALL, request)))
        .await
        .map_err(|failure| Problem::of_read(failure).missing("checkpoint_not_found"))?;
    Ok(Reply::json(StatusCode::OK, &CheckpointView::from(checkpoint)).into())
}

fn none() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "checkpoint_not_found",
        "there is no such checkpoint",
    )
}
