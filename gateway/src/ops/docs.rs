//! `GET /openapi.json` and `/docs`

use axum::{Router, extract::State, response::Response};
use http::{HeaderValue, header::CONTENT_TYPE};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::edge::Edge;

/// Swagger UI under `/docs/`.
pub(crate) fn swagger_ui() -> Router<Edge> {
    SwaggerUi::new("/docs")
        .config(Config::from("/openapi.json").persist_authorization(true))
        .into()
}

/// Describes this API
#[utoipa::path(get, path = "/openapi.json", tag = "operation",
    responses((status = 200, description = "The OpenAPI description", body = serde_json::Value)))]
pub(crate) async fn read_openapi(State(edge): State<Edge>) -> Response {
    let mut response = Response::new(edge.openapi.clone().into());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
