//! Answers and their headers.

use axum::response::Response;
use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, ETAG, LOCATION},
};
use proto::v1::{Committed, Freshness};
use serde::Serialize;

use crate::{cache::Content, consistency, etag, problem::Problem};

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// An answer being put together.
pub(crate) struct Reply(Response);

impl Reply {
    /// An answer with a JSON body.
    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => {
                let mut response = Response::new(Bytes::from(bytes).into());
                *response.status_mut() = status;
                Self(response).header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            }
            Err(error) => {
                tracing::error!(%error, "an answer could not be written as JSON");
                Self(axum::response::IntoResponse::into_response(Problem::internal()))
            }
        }
    }

    /// An answer of any kind; its `Content-Type` is still to be said.
    pub(crate) fn body(bytes: Vec<u8>) -> Self {
        Self(Response::new(Bytes::from(bytes).into()))
    }

    /// An answer without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = status;
        Self(response)
    }

    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers_mut().insert(name, value);
        self
    }

    /// What a cache answers with.
    pub(crate) fn cached(content: &Content) -> Self {
        let mut response = Response::new(content.body.clone().into());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self(response).tag(&content.tag)
    }

    /// `ETag` of more than a version.
    #[must_use]
    pub(crate) fn tag(self, tag: &str) -> Self {
        match etag::quoted(tag) {
            Some(value) => self.header(ETAG, value),
            None => self,
        }
    }

    /// That the answer does not show the write of the request's token.
    #[must_use]
    pub(crate) fn stale(self, stale: bool) -> Self {
        self.freshness(Some(Freshness { stale }))
    }

    /// `ETag` of a version.
    #[must_use]
    pub(crate) fn version(self, version: u64) -> Self {
        match etag::of(version) {
            Some(value) => self.header(ETAG, value),
            None => self,
        }
    }

    /// Where the new thing is.
    #[must_use]
    pub(crate) fn location(self, base: &str, path: &str) -> Self {
        match HeaderValue::try_from(format!("{base}{path}")) {
            Ok(value) => self.header(LOCATION, value),
            Err(_) => self,
        }
    }

    /// What a write says of itself: the consistency token, and whether the answer is an earlier one.
    #[must_use]
    pub(crate) fn committed(mut self, committed: &Committed) -> Self {
        if let Ok(value) = HeaderValue::from_str(&committed.consistency_token)
            && !value.is_empty()
        {
            self = self.header(consistency::TOKEN, value);
        }
        if committed.replayed {
            self = self.header(REPLAYED, HeaderValue::from_static("true"));
        }
        self
    }

    /// What a read says of itself.
    #[must_use]
    pub(crate) fn freshness(self, freshness: Option<Freshness>) -> Self {
        if freshness.is_some_and(|freshness| freshness.stale) {
            return self.header(consistency::STALE, HeaderValue::from_static("true"));
        }
        self
    }
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        reply.0
    }
}
