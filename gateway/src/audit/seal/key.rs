//! `GET /v1/audit/key`

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app_state::AppState,
    call::{CALL, ask, timed},
    consistency::Checked,
    endpoint::{Described, Endpoint, Permission, routes},
    params::{NoParams, Params},
    problem::Problem,
    reply::Reply,
    times::rfc3339,
};

/// How the seal over the log stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Seal)]
pub(crate) struct SealView {
    /// The log's id, which every checkpoint names.
    log: String,
    /// The public keys, the newest last. Clients that distrust the database get them by another way.
    public_keys: Vec<String>,
    /// Events in the log.
    events: u64,
    /// Events that the newest checkpoint covers.
    sealed_events: u64,
    /// Number of the newest checkpoint; null when there is none.
    #[schema(required)]
    newest_checkpoint: Option<u64>,
    /// When it was made.
    #[schema(required)]
    newest_made_at: Option<String>,
}

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::AuditRead).handler(routes!(read_seal))
}

/// Answers with the public keys of the seal, and how it stands
#[utoipa::path(get, path = "/v1/audit/key", tag = "audit",
    responses((status = 200, description = "The seal", body = SealView)))]
pub(crate) async fn read_seal(
    State(app): State<AppState>,
    _: Params<NoParams>,
    _: Checked,
) -> Result<Response, Problem> {
    let seal = ask(CALL, app.seal_query().get_seal(timed(CALL, v1::GetSealRequest {})))
        .await
        .map_err(Problem::of_read)?;
    let view = SealView {
        log: seal.log,
        public_keys: seal.public_keys,
        events: seal.events,
        sealed_events: seal.sealed_events,
        newest_checkpoint: (seal.newest_checkpoint > 0).then_some(seal.newest_checkpoint),
        newest_made_at: seal.newest_made_at_micros.map(rfc3339),
    };
    Ok(Reply::json(StatusCode::OK, &view).into())
}
