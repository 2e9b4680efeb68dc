//! `GET /openapi.json` and `/docs`

use axum::{Router, extract::State, response::Response, routing::get};
use http::{HeaderValue, Method, header::CONTENT_TYPE};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    app_state::AppState,
    endpoint::{Described, Endpoint, routes},
};

/// The paths of [`swagger_ui`].
pub(crate) const SWAGGER_UI: [&str; 3] = ["/docs", "/docs/", "/docs/{*rest}"];

/// The endpoints of pages that never change.
pub(crate) fn endpoints() -> Vec<Described> {
    let missing = || Endpoint::page().refuses(&["not_found"]);
    vec![
        missing().handler(routes!(read_openapi)),
        missing().at(Method::GET, "/", get(super::home::home)),
    ]
}

/// Swagger UI under `/docs/`.
pub(crate) fn swagger_ui() -> Router<AppState> {
    SwaggerUi::new("/docs")
        .config(Config::from("/openapi.json").persist_authorization(true))
        .into()
}

/// Describes this API
#[utoipa::path(get, path = "/openapi.json", tag = "operation",
    responses((status = 200, description = "The OpenAPI description", body = serde_json::Value)))]
pub(crate) async fn read_openapi(State(app): State<AppState>) -> Response {
    let mut response = Response::new(app.openapi.clone().into());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
