//! The router as a whole, with services behind it that answer over real gRPC by the script of a test.

mod access;
mod borders;
mod callers;
mod description;
mod frames;
mod mistakes;
mod pages;
mod reads;
mod representation;
mod serving;
mod unread;
mod writes;

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{Router, body::Body};
use bytes::{BufMut, Bytes, BytesMut};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use proto::{failure::Failure, transport::Transport};
use serde_json::Value;
use tonic::Status;
use tower::ServiceExt;
use uuid::Uuid;

use crate::{Config, SigningKey, app_state::AppState, identity::token::Role};

const ADMIN: &str = "usr_0198c0de-0000-7000-8000-00000000000a";
const CUSTOMER: &str = "usr_0198c0de-0000-7000-8000-00000000000c";
const SESSION: &str = "ses_0198c0de-0000-7000-8000-00000000000a";
const PRODUCT: &str = "prod_0198c0de-0000-7000-8000-000000000001";
const ORDER: &str = "ord_0198c0de-0000-7000-8000-000000000002";

/// A call that reached a service.
#[derive(Clone, Debug)]
struct Call {
    method: String,
    headers: HeaderMap,
    message: Bytes,
}

impl Call {
    fn decode<T: prost::Message + Default>(&self) -> T {
        T::decode(self.message.clone()).unwrap()
    }
}

type Script = dyn Fn(&Call) -> Result<Vec<u8>, Failure> + Send + Sync;

/// The gateway and the calls that it made.
struct World {
    app: AppState,
    router: Router,
    calls: Arc<Mutex<Vec<Call>>>,
}

/// An answer of the gateway.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Checks that it is a problem, and returns its body without the request's id.
    fn problem(&self, status: u16, code: &str) -> Value {
        let mut body = self.json();
        assert_eq!(
            (self.status.as_u16(), &body["code"]),
            (status, &Value::from(code)),
            "{self:?}"
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], format!("/errors/{code}"));
        assert_eq!(body["request_id"], self.header("x-request-id"));
        body.as_object_mut().unwrap().remove("request_id");
        body
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn config(transport: Transport) -> Config {
    let counter = AtomicU64::new(1);
    let ids = move || Uuid::from_u64_pair(0, counter.fetch_add(1, Ordering::Relaxed));
    Config {
        quotas: None,
        ..Config::new(
            transport.clone(),
            transport,
            SigningKey::from_seed([1; 32]),
            Arc::new(now),
            Arc::new(ids),
        )
    }
}

/// Services that answer by `script`.
fn services(script: Arc<Script>, calls: Arc<Mutex<Vec<Call>>>) -> Transport {
    Transport::in_process(tower::service_fn(move |request: Request<tonic::body::Body>| {
        let (script, calls) = (Arc::clone(&script), Arc::clone(&calls));
        async move {
            let (parts, body) = request.into_parts();
            let message = body.collect().await.unwrap().to_bytes().slice(5..);
            let method = parts.uri.path().rsplit('/').next().unwrap().to_owned();
            let call = Call {
                method,
                headers: parts.headers,
                message,
            };
            calls.lock().unwrap().push(call.clone());
            Ok::<_, Infallible>(match script(&call) {
                Ok(message) => answer(&message),
                Err(failure) => Status::from(failure).into_http(),
            })
        }
    }))
}

fn answer(message: &[u8]) -> http::Response<tonic::body::Body> {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap());
    frame.put_slice(message);
    let trailers = HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    let body = Full::new(frame.freeze()).with_trailers(std::future::ready(Some(Ok(trailers))));
    http::Response::builder()
        .header("content-type", "application/grpc")
        .body(tonic::body::Body::new(body))
        .unwrap()
}

/// The answer of a script.
#[expect(clippy::unnecessary_wraps, reason = "what a script returns")]
fn ok<T: prost::Message>(message: &T) -> Result<Vec<u8>, Failure> {
    Ok(message.encode_to_vec())
}

impl World {
    fn new(script: impl Fn(&Call) -> Result<Vec<u8>, Failure> + Send + Sync + 'static) -> Self {
        Self::with(script, |_| ())
    }

    fn with(
        script: impl Fn(&Call) -> Result<Vec<u8>, Failure> + Send + Sync + 'static,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let calls = Arc::default();
        let mut config = config(services(Arc::new(script), Arc::clone(&calls)));
        change(&mut config);
        let app = config.app().unwrap();
        Self {
            router: crate::routes::router(&app, crate::openapi::schema().unwrap()),
            app,
            calls,
        }
    }

    /// One whose services are never asked.
    fn alone() -> Self {
        Self::new(|call| panic!("nobody should ask {call:?}"))
    }

    fn token(&self, user: &str, role: Role) -> String {
        let session = user.replacen("usr", "ses", 1);
        self.app.sessions.trust(&session, user, role.into());
        let token = self.app.tokens.issue(user, role, &session, now(), Uuid::nil()).unwrap();
        format!("Bearer {token}")
    }

    fn admin(&self) -> String {
        self.token(ADMIN, Role::Admin)
    }

    fn customer(&self) -> String {
        self.token(CUSTOMER, Role::Customer)
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(&self.router, request.body(body.into()).unwrap()).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, "").await
    }

    async fn post(&self, path: &str, token: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let fixed = [("content-type", "application/json"), ("authorization", token)];
        self.send("POST", path, &[&fixed, headers].concat(), body.to_owned())
            .await
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    fn only_call(&self) -> Call {
        let calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls[0].clone()
    }
}

async fn send(router: &Router, mut request: Request<Body>) -> Answer {
    request
        .headers_mut()
        .entry(http::header::HOST)
        .or_insert(HeaderValue::from_static("localhost"));
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text,
    }
}
