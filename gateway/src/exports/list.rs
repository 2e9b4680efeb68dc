//! `GET /v1/exports`

use axum::{extract::State, response::Response};
use http::Uri;
use proto::v1;

use super::view::{EXPANSIONS, ExportView};
use crate::{
    call::{CALL, ask, timed},
    consistency::Checked,
    edge::Edge,
    endpoint::{Described, Endpoint, Permission, routes},
    id::USER,
    page::Page,
    params::{Params, ReadParams, Values},
    problem::Problem,
};

const STATUSES: [&str; 5] = ["queued", "running", "done", "failed", "cancelled"];

/// Which exports, and in which order.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportFilters {
    /// `queued`, `running`, `done`, `failed` or `cancelled`; several with commas.
    #[param(value_type = Option<String>)]
    status: Vec<&'static str>,
    /// Id of who asked.
    created_by: Option<String>,
    /// `created_at` or `-created_at`, the default.
    #[param(required = false)]
    sort: String,
    #[param(ignore)]
    page: v1::PageRequest,
}

impl ReadParams for ExportFilters {
    fn read(values: &mut Values) -> Self {
        Self {
            status: values.several_of("status", &STATUSES.map(|status| (status, status))),
            created_by: values.id("created_by", USER),
            sort: values.sort(&["created_at"]),
            page: values.page(),
        }
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::list(Permission::ExportsRead)
        .report()
        .expands(EXPANSIONS)
        .handler(routes!(list_exports))
}

/// Lists exports
#[utoipa::path(get, path = "/v1/exports", tag = "reports", params(ExportFilters),
    responses((status = 200, description = "A page of exports", body = Page<ExportView>)))]
pub(crate) async fn list_exports(
    State(edge): State<Edge>,
    uri: Uri,
    Params(filters): Params<ExportFilters>,
    _: Checked,
) -> Result<Response, Problem> {
    let request = v1::ListExportsRequest {
        page: Some(filters.page),
        statuses: filters.status.into_iter().map(str::to_owned).collect(),
        created_by: filters.created_by.unwrap_or_default(),
        sort: filters.sort,
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
