//! Pages that never change while the process runs are compressed once, and not anew for everybody who asks.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header::ACCEPT_ENCODING};
use http_body_util::BodyExt;

use super::takes_gzip;
use crate::problem::Problem;

/// Marks an answer that is in its content coding already, or is meant to have none.
#[derive(Clone, Copy)]
pub(crate) struct Encoded;

/// A page by its path and whether it is compressed.
type Pages = HashMap<(String, bool), (HeaderMap, Bytes)>;

/// The pages that were asked for; never more than there are.
#[derive(Clone, Default)]
pub(crate) struct PageCache(Arc<Mutex<Pages>>);

/// The middleware: around the compressor, which sees a page once.
pub(crate) async fn cached(
    State(PageCache(cache)): State<PageCache>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let path = request.uri().path();
    // One page may be written in any number of ways with percent signs, and no page needs them.
    if path.contains('%') {
        return Err(Problem::not_found("there is nothing at this address"));
    }
    if request.method() != Method::GET {
        return Ok(next.run(request).await);
    }
    let key = (path.to_owned(), takes_gzip(request.headers()));
    let found = cache.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    if let Some((headers, bytes)) = found {
        return Ok(page(headers, bytes));
    }
    let coding = HeaderValue::from_static(if key.1 { "gzip" } else { "identity" });
    request.headers_mut().insert(ACCEPT_ENCODING, coding);
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(|_| Problem::internal())?.to_bytes();
    let headers = parts.headers;
    let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
    cache.insert(key, (headers.clone(), bytes.clone()));
    Ok(page(headers, bytes))
}

fn page(headers: HeaderMap, bytes: Bytes) -> Response {
    let mut response = Response::new(bytes.into());
    *response.headers_mut() = headers;
    response.extensions_mut().insert(Encoded);
    response
}
