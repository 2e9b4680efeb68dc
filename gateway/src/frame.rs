//! The one middleware: everything that holds for every request.
//!
//! Request and correlation ids, who asks, rate limits, the time limit, panics, problems in their final shape, metrics
//! and the log line. One layer instead of eight: each would box the future and touch the headers again.

use std::{net::SocketAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version,
    header::{CONNECTION, CONTENT_TYPE, EXPECT, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS},
};
use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    admission::{Admitted, Party},
    auth::caller::Identity,
    edge::Edge,
    endpoint::{Endpoint, Table},
    head, intake,
    problem::{PROBLEM_JSON, Problem},
    rate::{self, Client, Verdict},
    representation::{allow_identity, conditional},
    serve::Crowded,
};

/// Name of the histogram of request durations in seconds, by `method`, `route` and `status`.
pub const REQUEST_DURATION: &str = "http_request_duration_seconds";
/// Upper bounds in seconds that suit [`REQUEST_DURATION`]; without any, an exporter may keep every single sample.
pub const REQUEST_DURATION_BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What metrics call all addresses that there are not.
const UNMATCHED: &str = "unmatched";
/// Longest id of a request that is taken over from the client.
const MAX_REQUEST_ID: usize = 128;

/// What is asked by machines that watch the process.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];
/// Longest path in the log, in bytes.
const MAX_LOGGED: usize = 256;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// What is known of every request before its handler runs.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) request_id: Arc<str>,
    pub(crate) correlation_id: Uuid,
    pub(crate) identity: Identity,
    /// What the request is for.
    pub(crate) endpoint: Arc<Endpoint>,
}

impl Head {
    fn new(edge: &Edge, headers: &HeaderMap, endpoint: &Arc<Endpoint>) -> Self {
        // Pages are for everybody, whatever token comes along.
        let identity = if endpoint.is_guarded() {
            Identity::of(headers, &edge.tokens, (edge.clock)())
        } else {
            Identity::Anonymous
        };
        let request_id = only(headers, &REQUEST_ID)
            .map(HeaderValue::as_bytes)
            .filter(|id| (1..=MAX_REQUEST_ID).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic))
            .and_then(|id| std::str::from_utf8(id).ok())
            .map_or_else(|| (edge.ids)().to_string().into(), Arc::from);
        let correlation_id = only(headers, &CORRELATION_ID)
            .and_then(|id| id.to_str().ok())
            .and_then(|id| Uuid::try_parse(id).ok())
            .unwrap_or_else(|| (edge.ids)());
        Self {
            request_id,
            correlation_id,
            identity,
            endpoint: Arc::clone(endpoint),
        }
    }

    /// The head of the request that a handler works on.
    pub(crate) fn of(extensions: &Extensions) -> Result<&Self, Problem> {
        extensions
            .get::<Arc<Self>>()
            .map(AsRef::as_ref)
            .ok_or_else(Problem::internal)
    }
}

/// The value of a header that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Runs a request.
pub(crate) async fn frame(
    State((edge, endpoints)): State<(Edge, Arc<Table>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let uri = request.uri().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let path = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    let endpoint = endpoints.find(route.as_ref().map(MatchedPath::as_str), &method);

    let head = Arc::new(Head::new(&edge, request.headers(), endpoint));
    let address = address(&edge, &request);
    let verdict = count(&edge, endpoint, &address, &head.identity);

    let span = tracing::info_span!("request", id = %head.request_id, %method, route = path);
    let refused = verdict
        .as_ref()
        .and_then(Verdict::refusal)
        .or_else(|| head::refusal(&edge.schema, path, &request))
        .or_else(|| head.identity.refusal(endpoint.permission));
    // For the end of the way; most requests bring none.
    let known: HeaderMap = request
        .headers()
        .get_all(IF_NONE_MATCH)
        .iter()
        .map(|value| (IF_NONE_MATCH, value.clone()))
        .collect();
    let mut body = std::mem::take(request.body_mut());
    let crowded = request.extensions().get::<Crowded>().is_some();
    let (version, expects) = (request.version(), request.headers().contains_key(EXPECT));
    let admitted = if let Some(problem) = refused {
        Err(problem)
    } else {
        let user = head.identity.known().map(|principal| Arc::clone(&principal.user_id));
        let class = endpoint.class(request.headers());
        let receives = !method.is_safe() && class.is_some();
        let party = Party::new(user, address);
        Admitted::take(&edge, class, party, &mut request, receives.then_some(&mut body)).await
    };
    let response = match admitted {
        Err(problem) => problem.into_response(),
        Ok(admitted) => {
            request.extensions_mut().insert(Arc::clone(&head));
            allow_identity(request.headers_mut());
            let response = run(endpoint.limit, request, next).instrument(span.clone()).await;
            admitted.release(&edge, response)
        }
    };
    let response = conditional(&method, &known, response);

    let mut response = finish(&edge, &head, response);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&head.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    let mut buffer = Uuid::encode_buffer();
    let id = head.correlation_id.hyphenated().encode_lower(&mut buffer);
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(CORRELATION_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(verdict) = verdict {
        verdict.write(headers);
    }
    // Who cannot send another request on the connection is told so. Over HTTP/2 a request that is not read to its end is ended alone.
    let late = response.status() == StatusCode::REQUEST_TIMEOUT;
    if version < Version::HTTP_2 && (late || !intake::discard(body, expects).await || crowded) {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }

    let status = response.status();
    let elapsed = started.elapsed();
    metrics::histogram!(REQUEST_DURATION, "method" => method_label(&method), "route" => path.to_owned(), "status" => status_label(status))
        .record(elapsed.as_secs_f64());
    span.in_scope(|| told(&head.identity, uri.path(), status, elapsed));
    response
}

/// The line of the request log. Without the query: it may name people.
fn told(identity: &Identity, path: &str, status: StatusCode, elapsed: Duration) {
    let caller = match identity {
        Identity::Known(principal) => &*principal.user_id,
        Identity::Anonymous => "anonymous",
        Identity::Refused(_) => "refused",
    };
    let path = path.get(..MAX_LOGGED).unwrap_or(path);
    let (status, duration) = (status.as_u16(), format_args!("{:.3}", elapsed.as_secs_f64() * 1_000.0));
    // Whoever watches the process asks every other second.
    if PROBES.contains(&path) {
        tracing::debug!(path, caller, status, duration_ms = duration, "answered");
    } else {
        tracing::info!(path, caller, status, duration_ms = duration, "answered");
    }
}

async fn run(limit: Duration, request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(limit, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            let message = panic
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("no message");
            tracing::error!(message, "a handler panicked");
            Problem::internal().into_response()
        }
        Err(_) => Problem::timeout().into_response(),
    }
}

/// Gives every refusal its final shape, also those that axum or a library under it made.
fn finish(edge: &Edge, head: &Head, mut response: Response) -> Response {
    let status = response.status();
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if status.is_client_error() || status.is_server_error() => {
            let shaped = response
                .headers()
                .get(CONTENT_TYPE)
                .is_some_and(|kind| kind.as_bytes().starts_with(PROBLEM_JSON.as_bytes()));
            if shaped {
                return response;
            }
            Problem::of_status(status)
        }
        None => return response,
    };
    debug_assert!(
        head.endpoint.codes().any(|code| code == problem.code()),
        "an endpoint does not say that it may answer {problem:?}"
    );
    // Of an overload, its beginning and its end are told; of read models that are behind, readiness tells; what is not implemented is
    // the client's affair. Clients may cause any number of each.
    let counted = matches!(problem.code(), "overloaded" | "read_model_behind");
    let own = problem.status().is_server_error() && problem.status() != StatusCode::NOT_IMPLEMENTED;
    if own && !counted {
        tracing::warn!(
            request_id = &*head.request_id,
            status = problem.status().as_u16(),
            code = problem.code(),
            detail = problem.detail(),
            "a request failed"
        );
    }
    let headers = std::mem::take(response.headers_mut());
    problem.render(&edge.base, &head.request_id, headers)
}

fn address(edge: &Edge, request: &Request) -> Client {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    Client::of_connection(peer, request.headers(), edge.trusted_proxies)
}

fn count(edge: &Edge, endpoint: &Endpoint, address: &Client, identity: &Identity) -> Option<Verdict> {
    let (limits, class) = (edge.limits.as_ref()?, endpoint.rate()?);
    let client = match identity {
        // Somebody with a token must not get more guesses at others' passwords.
        Identity::Known(principal) if class != rate::Class::Login => Client::User(Arc::clone(&principal.user_id)),
        _ => address.clone(),
    };
    Some(limits.check(class, &client))
}

/// Methods that clients make up must not make up metrics.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        _ => "other",
    }
}

fn status_label(status: StatusCode) -> metrics::SharedString {
    match status {
        StatusCode::OK => "200".into(),
        StatusCode::CREATED => "201".into(),
        StatusCode::NOT_MODIFIED => "304".into(),
        StatusCode::CONFLICT => "409".into(),
        other => other.as_str().to_owned().into(),
    }
}
