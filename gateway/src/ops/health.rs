//! `GET /healthz`

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use crate::{
    endpoint::{Described, Endpoint, routes},
    reply::Reply,
};

/// A sign of life.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Health {
    #[schema(value_type = String, example = "ok")]
    status: &'static str,
}

pub(crate) fn endpoint() -> Described {
    Endpoint::page().handler(routes!(check_health))
}

/// Says that the process lives
///
/// Asks nothing else; `/readyz` does.
#[utoipa::path(get, path = "/healthz", tag = "operation",
    responses((status = 200, description = "Alive", body = Health)))]
pub(crate) async fn check_health() -> Response {
    Reply::json(StatusCode::OK, &Health { status: "ok" }).into()
}
