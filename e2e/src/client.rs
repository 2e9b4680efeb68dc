//! A client of the gateway, as small as can be.

use std::fmt::Display;
use std::future::IntoFuture;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use crate::answer::Answer;

/// Somebody who sends requests: an administrator, a customer or nobody known. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    user: Option<Value>,
}

/// A request being put together; await it to send it.
#[derive(Debug)]
pub struct Request {
    client: Client,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl Client {
    /// Nobody known. `base` is like `http://127.0.0.1:8080`.
    #[must_use]
    pub fn anonymous(base: String) -> Client {
        // No test speaks TLS, but the HTTP client is built for it as soon as something in the program wants that.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client can be built");
        Client {
            http,
            base,
            token: None,
            user: None,
        }
    }

    /// The same client with an access token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Client {
        Client {
            token: Some(token.into()),
            user: None,
            ..self.clone()
        }
    }

    /// Logs in.
    pub async fn log_in(&self, email: &str, password: &str) -> Client {
        let credentials = serde_json::json!({"email": email, "password": password});
        let session = self.post("/v1/auth/login").json(credentials).await.ok(200);
        let token = session["access_token"]
            .as_str()
            .expect("a session has a token")
            .to_owned();
        Client {
            token: Some(token),
            user: Some(session["user"].clone()),
            ..self.clone()
        }
    }

    /// The access token; empty for nobody.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// Id of who logged in.
    #[must_use]
    pub fn user_id(&self) -> &str {
        self.user
            .as_ref()
            .and_then(|user| user["id"].as_str())
            .expect("somebody logged in")
    }

    /// Where the gateway is.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Reads.
    #[must_use]
    pub fn get(&self, path: impl Display) -> Request {
        self.request(Method::GET, path)
    }

    /// Writes.
    #[must_use]
    pub fn post(&self, path: impl Display) -> Request {
        self.request(Method::POST, path)
    }

    /// Changes.
    #[must_use]
    pub fn patch(&self, path: impl Display) -> Request {
        self.request(Method::PATCH, path)
    }

    /// Deletes.
    #[must_use]
    pub fn delete(&self, path: impl Display) -> Request {
        self.request(Method::DELETE, path)
    }

    /// Any request.
    #[must_use]
    pub fn request(&self, method: Method, path: impl Display) -> Request {
        let mut headers = HeaderMap::new();
        if let Some(token) = &self.token {
            headers.insert(http::header::AUTHORIZATION, header_value(&format!("Bearer {token}")));
        }
        Request {
            client: self.clone(),
            method,
            path: path.to_string(),
            headers,
            body: None,
        }
    }
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).expect("a header's value")
}

impl Request {
    /// Path and query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Display) -> Request {
        let name: HeaderName = name.parse().expect("a header's name");
        self.headers.insert(name, header_value(&value.to_string()));
        self
    }

    /// A body of JSON.
    #[must_use]
    pub fn json(self, body: impl Into<Value>) -> Request {
        self.body("application/json", body.into().to_string())
    }

    /// A body of a JSON merge patch.
    #[must_use]
    pub fn merge(self, body: impl Into<Value>) -> Request {
        self.body("application/merge-patch+json", body.into().to_string())
    }

    /// Any body.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Request {
        self.body = Some(body.into());
        self.header("content-type", content_type)
    }

    /// A body that says nothing of what it is.
    #[must_use]
    pub fn bare_body(mut self, body: impl Into<Bytes>) -> Request {
        self.body = Some(body.into());
        self
    }

    /// `Idempotency-Key`.
    #[must_use]
    pub fn key(self, key: impl Display) -> Request {
        self.header("idempotency-key", key)
    }

    /// `If-Match` of a version.
    #[must_use]
    pub fn if_match(self, version: u64) -> Request {
        self.header("if-match", format!("\"{version}\""))
    }

    /// Waits until the read shows a write, as long as it may take on a busy machine.
    #[must_use]
    pub fn seeing(self, write: &Answer) -> Request {
        self.after(write.consistency_token())
    }

    /// Waits until the read shows everything up to a token, as long as it may take on a busy machine.
    #[must_use]
    pub fn after(self, token: &str) -> Request {
        self.header("consistency-token", token).header("consistency-wait", 9000)
    }

    /// Sends it; an error when no answer came.
    pub async fn try_send(self) -> reqwest::Result<Answer> {
        let line = format!("{} {}", self.method, self.path);
        let mut request = self
            .client
            .http
            .request(self.method, format!("{}{}", self.client.base, self.path))
            .headers(self.headers);
        if let Some(body) = self.body {
            request = request.body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer::new(line, status, headers, response.bytes().await?))
    }
}

impl IntoFuture for Request {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let line = format!("{} {}", self.method, self.path);
            self.try_send()
                .await
                .unwrap_or_else(|error| panic!("{line} was not answered: {error:?}"))
        })
    }
}
