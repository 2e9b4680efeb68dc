//! `GET /openapi.json`, `/docs`, `/errors` and `/errors/{code}`

use axum::{
    Router,
    extract::{Path, State},
    response::Response,
    routing::get,
};
use http::{HeaderValue, Method, header::CONTENT_TYPE};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    edge::Edge,
    endpoint::{Described, Endpoint, routes},
    problem::Problem,
    reply::Reply,
};

/// The pages of `docs/errors` by code, in the order of the codes.
pub(crate) const ERROR_PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/error_pages.rs"));

/// The paths of [`swagger_ui`].
pub(crate) const SWAGGER_UI: [&str; 3] = ["/docs", "/docs/", "/docs/{*rest}"];

/// The endpoints of pages that never change.
pub(crate) fn endpoints() -> Vec<Described> {
    let missing = || Endpoint::page().refuses(&["not_found"]);
    vec![
        missing().handler(routes!(read_openapi)),
        missing().at(Method::GET, "/", get(super::home::home)),
        missing().at(Method::GET, "/errors", get(error_pages)),
        missing().at(Method::GET, "/errors/{code}", get(error_page)),
    ]
}

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

/// The page of one error code, where the `type` of a problem leads.
pub(crate) async fn error_page(Path(code): Path<String>) -> Result<Response, Problem> {
    let page = ERROR_PAGES
        .binary_search_by_key(&code.as_str(), |(code, _)| code)
        .ok()
        .and_then(|index| ERROR_PAGES.get(index))
        .ok_or_else(|| Problem::not_found("there is no such error code"))?;
    Ok(text(page.1.as_bytes().to_vec()))
}

/// The list of all error codes.
pub(crate) async fn error_pages() -> Response {
    let mut list = String::from("# Error codes\n\nEach has a page: /errors/<code>\n\n");
    for (code, _) in ERROR_PAGES {
        list.push_str("- ");
        list.push_str(code);
        list.push('\n');
    }
    text(list.into_bytes())
}

fn text(bytes: Vec<u8>) -> Response {
    Reply::body(bytes)
        .header(CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"))
        .into()
}
