//! `GET /metrics`

use axum::{extract::State, response::Response};
use http::{HeaderValue, header::CONTENT_TYPE};

use crate::{
    edge::Edge,
    endpoint::{Described, Endpoint, routes},
    problem::Problem,
    reply::Reply,
};

pub(crate) fn endpoint() -> Described {
    Endpoint::page().refuses(&["not_found"]).handler(routes!(read_metrics))
}

/// Answers with the metrics of the process, for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "operation",
    responses((status = 200, description = "Metrics", body = String, content_type = "text/plain")))]
pub(crate) async fn read_metrics(State(edge): State<Edge>) -> Result<Response, Problem> {
    let handle = edge
        .metrics
        .as_ref()
        .ok_or_else(|| Problem::not_found("metrics are not collected here"))?;
    let text = handle.render().into_bytes();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(Reply::body(text).header(CONTENT_TYPE, kind).into())
}
