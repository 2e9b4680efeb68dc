//! `GET /v1/exports/{id}`

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::v1;

use super::{
    ExportId,
    view::{EXPANSIONS, ExportView},
};
use crate::{
    call::{CALL, ask, timed},
    consistency::Checked,
    edge::Edge,
    endpoint::{Described, Endpoint, Permission, routes},
    params::{NoParams, Params},
    problem::Problem,
    reply::Reply,
};

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::ExportsRead)
        .report()
        .expands(EXPANSIONS)
        .refuses(&["not_found"])
        .handler(routes!(read_export))
}

/// Reads an export
///
/// How far it is, and where its file is when it is done.
#[utoipa::path(get, path = "/v1/exports/{id}", tag = "reports",
    params(("id" = String, Path, description = "Id of the export.")),
    responses((status = 200, description = "The export", body = ExportView)))]
pub(crate) async fn read_export(
    State(edge): State<Edge>,
    ExportId(id): ExportId,
    Params(NoParams): Params<NoParams>,
    _: Checked,
) -> Result<Response, Problem> {
    let request = v1::GetExportRequest { id };
    let reply = ask(CALL, edge.export_jobs().get_export(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let export = reply.export.ok_or_else(Problem::internal)?;
    Ok(Reply::json(StatusCode::OK, &ExportView::new(export, &edge.base)).into())
}
