//! `GET /.well-known/jwks.json`

use axum::{extract::State, response::Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::{
    edge::Edge,
    endpoint::{Described, Endpoint, routes},
};

pub(crate) fn endpoint() -> Described {
    Endpoint::page().handler(routes!(read_key_set))
}

/// Answers with the public keys of the access tokens
///
/// A JWK set (RFC 7517), so that other services can check tokens themselves. `kid` in a token's header names its key.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "auth",
    responses((status = 200, description = "The key set", body = serde_json::Value)))]
pub(crate) async fn read_key_set(State(edge): State<Edge>) -> Response {
    let mut response = Response::new(edge.jwks.clone().into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, http::HeaderValue::from_static("public, max-age=300"));
    response
}
