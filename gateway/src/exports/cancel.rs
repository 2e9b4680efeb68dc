//! `DELETE /v1/exports/{id}`

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::v1;

use super::ExportId;
use crate::{
    call::{CALL, ask, timed},
    edge::Edge,
    endpoint::{Described, Endpoint, Permission, routes},
    params::{NoParams, Params},
    problem::Problem,
    reply::Reply,
};

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::ExportsWrite)
        .report()
        .refuses(&["not_found"])
        .handler(routes!(cancel_export))
}

/// Cancels an export
///
/// One that is not finished is cancelled and can still be read; one that is finished goes with its file.
#[utoipa::path(delete, path = "/v1/exports/{id}", tag = "reports",
    params(("id" = String, Path, description = "Id of the export.")),
    responses((status = 204, description = "Cancelled, or gone")))]
pub(crate) async fn cancel_export(
    State(edge): State<Edge>,
    ExportId(id): ExportId,
    Params(NoParams): Params<NoParams>,
) -> Result<Response, Problem> {
    let request = v1::GetExportRequest { id };
    ask(CALL, edge.export_jobs().cancel_export(timed(CALL, request))).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT).into())
}
