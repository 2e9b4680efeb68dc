//! `GET /v1/exports`

use axum::{extract::State, response::Response};
use http::Uri;
use proto::v1;

use super::view::ExportView;
use crate::{
    auth::Admin,
    call::{CALL, ask, timed},
    edge::Edge,
    page::Page,
    params::{Params, ReadParams, Values},
    problem::Problem,
};

pub(crate) struct ExportFilters {
    page: v1::PageRequest,
}

impl ReadParams for ExportFilters {
    fn read(values: &mut Values) -> Self {
        Self { page: values.page() }
    }
}

/// Lists exports
///
/// The newest first.
#[utoipa::path(get, path = "/v1/exports", tag = "reports", security(("bearer" = [])),
    responses((status = 200, description = "A page of exports", body = Page<ExportView>)))]
pub(crate) async fn list_exports(
    State(edge): State<Edge>,
    uri: Uri,
    _: Admin,
    Params(filters): Params<ExportFilters>,
) -> Result<Response, Problem> {
    let request = v1::ListExportsRequest {
        page: Some(filters.page),
    };
    let reply = ask(CALL, edge.export_jobs().list_exports(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let items: Vec<_> = reply
        .exports
        .into_iter()
        .map(|export| ExportView::new(export, &edge.base))
        .collect();
    Ok(Page::new(items, reply.page).reply(&edge, &uri, None))
}
