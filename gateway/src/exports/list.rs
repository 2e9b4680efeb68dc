//! `GET /v1/exports`

use axum::response::Response;
use proto::v1;

use super::view::{EXPANSIONS, ExportView};
use crate::{
    call::{CALL, timed},
    consistency::Checked,
    endpoint::{Described, Endpoint, Permission, routes},
    id::USER,
    page::{List, Page},
    params::params,
    problem::Problem,
};

const STATUSES: [&str; 5] = ["queued", "running", "done", "failed", "cancelled"];

params! {
    /// Which exports, and in which order.
    pub(crate) struct ExportFilters {
        /// `queued`, `running`, `done`, `failed` or `cancelled`; several with commas.
        #[param(value_type = Option<String>)]
        status: Vec<&'static str> = several_of(&STATUSES.map(|status| (status, status))),
        /// Id of who asked.
        created_by: Option<String> = id(USER),
        /// `created_at` or `-created_at`, the default.
        #[param(required = false)]
        sort: String = sort(&["created_at"]),
        #[param(ignore)]
        page: v1::PageRequest = |values| values.page(),
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
    List { filters, pages, .. }: List<ExportFilters, Checked>,
) -> Result<Response, Problem> {
    let request = v1::ListExportsRequest {
        page: Some(filters.page),
        statuses: filters.status.into_iter().map(str::to_owned).collect(),
        created_by: filters.created_by.unwrap_or_default(),
        sort: filters.sort,
    };
    pages
        .answer(pages.app.export_jobs().list_exports(timed(CALL, request)), |export| {
            ExportView::new(export, &pages.app.base)
        })
        .await
}
