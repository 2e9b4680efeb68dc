//! `GET /v1/projections`

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::v1;

use super::view::ProjectionView;
use crate::{
    app_state::AppState,
    call::{CALL, ask, timed},
    consistency::Checked,
    endpoint::{Described, Endpoint, Permission, routes},
    page::Page,
    params::{Params, params},
    problem::Problem,
    reply::Reply,
};

params! {
    /// Which versions of read models, and in which order.
    pub(crate) struct ProjectionFilters {
        /// `active` or `building`.
        #[param(value_type = Option<String>, example = "active")]
        state: Option<bool> = one_of(&[("active", true), ("building", false)]),
        /// `name`, `lag_events` or `lag_seconds`; a leading `-` reverses. `name`, unless said otherwise.
        #[param(required = false)]
        sort: String = sort(&["name", "lag_events", "lag_seconds"]),
    }
}

impl ProjectionFilters {
    fn apply(&self, all: &mut Vec<v1::ProjectionStatus>) {
        all.retain(|one| self.state.is_none_or(|active| one.active == active));
        match self.sort.trim_start_matches('-') {
            "lag_events" => all.sort_by_key(|one| one.lag_events),
            "lag_seconds" => all.sort_by(|one, other| one.lag_seconds.total_cmp(&other.lag_seconds)),
            _ => all.sort_by(|one, other| (&one.name, one.version).cmp(&(&other.name, other.version))),
        }
        if self.sort.starts_with('-') {
            all.reverse();
        }
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::ProjectionsRead)
        .operates()
        .all()
        .handler(routes!(list_projections))
}

/// Lists the read models and their state
///
/// One entry for the version of each that serves reads, and one for the version that a rebuild is making. They are few: the list has one
/// page.
#[utoipa::path(get, path = "/v1/projections", tag = "projections", params(ProjectionFilters),
    responses((status = 200, description = "All of them, on one page", body = Page<ProjectionView>)))]
pub(crate) async fn list_projections(
    State(app): State<AppState>,
    Params(filters): Params<ProjectionFilters>,
    _: Checked,
) -> Result<Response, Problem> {
    let request = v1::ListProjectionsRequest {};
    let mut reply = ask(CALL, app.projection_operations().list_projections(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    filters.apply(&mut reply.projections);
    let items = reply.projections.into_iter().map(ProjectionView::from).collect();
    Ok(Reply::json(StatusCode::OK, &Page::new(items, None)).into())
}
