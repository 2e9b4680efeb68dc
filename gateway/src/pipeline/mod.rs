//! The one middleware: everything that holds for every request.
//!
//! Request and correlation ids, who asks, rate limits, the time limit, panics, problems in their final shape, metrics
//! and the log line. One layer instead of eight: each would box the future and touch the headers again.

use std::{borrow::Cow, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Version,
    header::{CONNECTION, CONTENT_TYPE, EXPECT, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS},
};
use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    admission::{Admitted, Party, discard},
    app_state::AppState,
    client::Client,
    endpoint::{Endpoint, Table},
    headers,
    identity::Identity,
    problem::{PROBLEM_JSON, Problem},
    rate::{self, Verdict},
    representation::{Schema, allow_identity, conditional},
    request::{CORRELATION_ID, REQUEST_ID, RequestInfo, may_be_email, peer},
    serve::Crowded,
};

/// Name of the histogram of request durations in seconds, by `method`, `route` and `status`.
pub const REQUEST_DURATION: &str = "http_request_duration_seconds";
/// Upper bounds in seconds that suit [`REQUEST_DURATION`]; without any, an exporter may keep every single sample.
pub const REQUEST_DURATION_BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What metrics call all addresses that there are not.
const UNMATCHED: &str = "unmatched";
/// What is asked by machines that watch the process.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];
/// Longest path in the log, in bytes.
const MAX_LOGGED: usize = 256;

/// Runs a request.
pub(crate) async fn pipeline(
    State((app, endpoints, schema)): State<(AppState, Arc<Table>, Arc<Schema>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let uri = request.uri().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let path = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    let endpoint = endpoints.find(route.as_ref().map(MatchedPath::as_str), &method);

    let info = Arc::new(RequestInfo::new(&app, request.headers(), endpoint).await);
    let address = Client::of_connection(peer(request.extensions()), request.headers(), app.trusted_proxies);
    let verdict = count(&app, endpoint, &address, &info.identity);

    let span = tracing::info_span!("request", id = %info.request_id, %method, route = path);
    let refused = verdict
        .as_ref()
        .and_then(Verdict::refusal)
        .or_else(|| headers::refusal(&schema, path, &request))
        .or_else(|| info.identity.refusal(endpoint.permission));
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
        let user = info.identity.known().map(|principal| Arc::clone(&principal.user_id));
        let class = endpoint.class(request.headers());
        let receives = !method.is_safe() && class.is_some();
        let party = Party::new(user, address);
        Admitted::take(
            app.admission.as_ref(),
            class,
            party,
            &mut request,
            receives.then_some(&mut body),
        )
        .await
    };
    let response = match admitted {
        Err(problem) => problem.into_response(),
        Ok(admitted) => {
            request.extensions_mut().insert(Arc::clone(&info));
            allow_identity(request.headers_mut());
            let run = run(endpoint.limit, request, next).instrument(span.clone());
            let response = info.identity.caller(&info.request_id).scope(run).await;
            admitted.release(app.admission.as_ref(), response)
        }
    };
    let response = conditional(&method, &known, response);

    let mut response = finish(&app, &info, response);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&info.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    let mut buffer = Uuid::encode_buffer();
    let id = info.correlation_id.hyphenated().encode_lower(&mut buffer);
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(CORRELATION_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(verdict) = verdict {
        verdict.write(headers);
    }
    // A client that cannot send another request on the connection gets `Connection: close`. HTTP/2 ends the unread request alone.
    let late = response.status() == StatusCode::REQUEST_TIMEOUT;
    if version < Version::HTTP_2 && (late || !discard(body, expects).await || crowded) {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }

    let status = response.status();
    let elapsed = started.elapsed();
    metrics::histogram!(REQUEST_DURATION, "method" => method_label(&method), "route" => path.to_owned(), "status" => status_label(status))
        .record(elapsed.as_secs_f64());
    span.in_scope(|| log_answer(&info.identity, uri.path(), status, elapsed));
    response
}

/// The line of the request log. It has neither the query nor segments of the path that may be e-mail addresses.
fn log_answer(identity: &Identity, path: &str, status: StatusCode, elapsed: Duration) {
    let caller = match identity {
        Identity::Known(principal) => &*principal.user_id,
        Identity::Anonymous => "anonymous",
        Identity::Refused(_) => "refused",
    };
    let path = without_emails(path);
    let path = path.get(..MAX_LOGGED).unwrap_or(&path);
    let (status, duration) = (status.as_u16(), format_args!("{:.3}", elapsed.as_secs_f64() * 1_000.0));
    // Probes come every other second.
    if PROBES.contains(&path) {
        tracing::debug!(path, caller, status, duration_ms = duration, "answered");
    } else {
        tracing::info!(path, caller, status, duration_ms = duration, "answered");
    }
}

/// A path with `...` in the place of each segment that may be an e-mail address.
fn without_emails(path: &str) -> Cow<'_, str> {
    if !may_be_email(path) {
        return Cow::Borrowed(path);
    }
    let segments = path.split('/');
    let shown = segments.map(|segment| if may_be_email(segment) { "..." } else { segment });
    Cow::Owned(shown.collect::<Vec<_>>().join("/"))
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
fn finish(app: &AppState, info: &RequestInfo, mut response: Response) -> Response {
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
        info.endpoint.codes().any(|code| code == problem.code()),
        "an endpoint does not say that it may answer {problem:?}"
    );
    // The beginning and the end of an overload are logged where it is noticed, and readiness reports read models that are behind. What is
    // not implemented is the client's affair. Clients may cause any number of each.
    let counted = matches!(problem.code(), "overloaded" | "read_model_behind");
    let own = problem.status().is_server_error() && problem.status() != StatusCode::NOT_IMPLEMENTED;
    if own && !counted {
        tracing::warn!(
            request_id = &*info.request_id,
            status = problem.status().as_u16(),
            code = problem.code(),
            detail = problem.detail(),
            "a request failed"
        );
    }
    let headers = std::mem::take(response.headers_mut());
    problem.render(&app.base, &info.request_id, headers)
}

fn count(app: &AppState, endpoint: &Endpoint, address: &Client, identity: &Identity) -> Option<Verdict> {
    let (limits, class) = (app.limits.as_ref()?, endpoint.rate()?);
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
