//! `GET /v1/audit/events/{event_id}/proof`

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use proto::v1;
use uuid::Uuid;

use super::view::{self, InclusionProof};
use crate::{
    app_state::AppState,
    call::{CALL, ask, timed},
    consistency::Checked,
    endpoint::{Described, Endpoint, Permission, routes},
    params::{Params, params},
    problem::Problem,
};

params! {
    /// Under which checkpoint.
    pub(crate) struct UnderCheckpoint {
        /// Number of the checkpoint to prove it under. The newest, unless said otherwise.
        #[param(minimum = 1)]
        checkpoint: Option<u64> = |values| super::number(values, "checkpoint"),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::AuditRead)
        .refuses(&[
            "checkpoint_not_found",
            "event_not_found",
            "not_found",
            "not_sealed_yet",
            "seal_broken",
        ])
        .handler(routes!(prove_event))
}

/// Proves that an event stands in the log
///
/// The answer is a file that `tillroll audit check-proof` checks without a database, with nothing but the public key.
#[utoipa::path(get, path = "/v1/audit/events/{event_id}/proof", tag = "audit",
    params(("event_id" = String, Path, description = "Id of the event"), UnderCheckpoint),
    responses((status = 200, description = "The proof", body = InclusionProof),
        (status = 409, description = "The event is not sealed yet (`not_sealed_yet`), or what is stored is not what was sealed (`seal_broken`)")))]
pub(crate) async fn prove_event(
    State(app): State<AppState>,
    id: Result<Path<String>, axum::extract::rejection::PathRejection>,
    Params(UnderCheckpoint { checkpoint }): Params<UnderCheckpoint>,
    _: Checked,
) -> Result<Response, Problem> {
    let none = || Problem::new(StatusCode::NOT_FOUND, "event_not_found", "there is no such event");
    let id = id
        .ok()
        .and_then(|Path(id)| Uuid::try_parse(&id).ok())
        .ok_or_else(none)?;
    let request = v1::ProveEventRequest {
        event_id: id.to_string(),
        checkpoint: checkpoint.unwrap_or_default(),
    };
    let code = if checkpoint.is_some() {
        "not_found"
    } else {
        "event_not_found"
    };
    let proof = ask(CALL, app.seal_query().prove_event(timed(CALL, request)))
        .await
        .map_err(|failure| Problem::of_read(failure).missing(code))?;
    view::proof::<InclusionProof>(&proof.document)
}
