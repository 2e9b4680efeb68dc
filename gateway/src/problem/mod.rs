//! Every refusal, as RFC 9457 `application/problem+json`.
//!
//! A handler answers with a [`Problem`]; the one middleware around all routes (`pipeline`) writes it out, because only
//! there the request's id is known. Nothing else in this crate decides what an error looks like.

mod kinds;

use std::{borrow::Cow, time::Duration};

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use proto::failure::{Failure, FailureKind};
use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use kinds::{MAX_BODY, method_not_allowed, payload_too_large};

/// The media type of every refusal.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Members that the shape itself defines; facts of a failure never replace them.
const RESERVED: [&str; 7] = ["type", "title", "status", "code", "detail", "errors", "request_id"];

/// What is wrong with one field, parameter or header.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub(crate) struct FieldError {
    /// Path in the body (`lines[2].quantity`), or the name of the parameter or header.
    #[schema(example = "lines[0].quantity")]
    pub(crate) field: String,
    /// Stable, for programs.
    #[schema(example = "out_of_range")]
    pub(crate) code: Cow<'static, str>,
    /// For people.
    pub(crate) message: String,
}

/// The shape of every refusal (RFC 9457), plus facts of the code at hand as further members.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'p> {
    /// URI of the page that explains the code.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "/errors/insufficient_stock")]
    kind: String,
    /// The code in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// Stable, for programs.
    #[schema(value_type = String, example = "insufficient_stock")]
    code: &'p str,
    /// What went wrong this time and what would be right.
    #[schema(value_type = String)]
    detail: &'p str,
    /// One entry for each wrong field; empty when no single field is to blame.
    errors: &'p [FieldError],
    /// Quote it when you ask for help.
    #[schema(value_type = String)]
    request_id: &'p str,
    #[serde(flatten)]
    #[schema(ignore)]
    facts: &'p Map<String, Value>,
}

/// A refusal on its way out.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Facts>);

#[derive(Clone, Debug)]
struct Facts {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    data: Map<String, Value>,
    headers: HeaderMap,
}

// === impl FieldError ===

impl FieldError {
    pub(crate) fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            code: Cow::Borrowed(code),
            message: message.into(),
        }
    }
}

// === impl Problem ===

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Facts {
            status,
            code: code.into(),
            detail: detail.into(),
            errors: Vec::new(),
            data: Map::new(),
            headers: HeaderMap::new(),
        }))
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    pub(crate) fn code(&self) -> &str {
        &self.0.code
    }

    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    #[must_use]
    pub(crate) fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    #[must_use]
    pub(crate) fn with_data(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.data.insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// Says when to try again: whole seconds, at least one.
    #[must_use]
    pub(crate) fn with_retry_after(self, wait: Duration) -> Self {
        let seconds = u64::try_from(wait.as_millis().div_ceil(1000))
            .unwrap_or(u64::MAX)
            .max(1);
        self.with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Renames fields of a service's request to what they are called in the REST request.
    #[must_use]
    pub(crate) fn rename_fields(mut self, rename: impl Fn(&str) -> Option<String>) -> Self {
        for error in &mut self.0.errors {
            if let Some(name) = rename(&error.field) {
                error.field = name;
            }
        }
        self
    }

    /// The same of a body whose member `member` holds what a query's parameters are otherwise: 422, and fields with its name.
    #[must_use]
    pub(crate) fn in_member(self, member: &str) -> Self {
        let mut problem = self.rename_fields(|field| Some(format!("{member}.{field}")));
        let facts = &mut problem.0;
        if facts.status == StatusCode::BAD_REQUEST {
            facts.status = StatusCode::UNPROCESSABLE_ENTITY;
            facts.code = Cow::Borrowed("validation_failed");
        }
        problem
    }

    /// Says with its own code that a certain kind of thing is not there.
    #[must_use]
    pub(crate) fn missing(mut self, code: &'static str) -> Self {
        if self.0.status == StatusCode::NOT_FOUND {
            self.0.code = Cow::Borrowed(code);
        }
        self
    }

    /// Writes the problem out. `headers` are those that the answer has already got.
    pub(crate) fn render(self, base: &str, request_id: &str, mut headers: HeaderMap) -> Response {
        let facts = *self.0;
        let body = ProblemBody {
            kind: format!("{base}/errors/{}", facts.code),
            title: title(&facts.code),
            status: facts.status.as_u16(),
            code: &facts.code,
            detail: &facts.detail,
            errors: &facts.errors,
            request_id,
            facts: &facts.data,
        };
        let bytes = serde_json::to_vec(&body).map(Bytes::from).unwrap_or_default();
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if facts.status == StatusCode::UNAUTHORIZED && !facts.headers.contains_key(WWW_AUTHENTICATE) {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="tillroll""#));
        }
        headers.extend(facts.headers);
        let mut response = Response::new(bytes.into());
        *response.status_mut() = facts.status;
        *response.headers_mut() = headers;
        response
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let kind = failure.kind();
        let status = match failure.code.as_str() {
            // A limit of the caller's own, as opposed to a system that is busy.
            "rate_limited" | "too_many_attempts" => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::from_u16(kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        };
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            return Self::internal();
        }
        let mut problem = Self::new(status, failure.code, failure.message);
        problem.0.errors = failure
            .fields
            .into_iter()
            .map(|field| FieldError {
                field: field.field,
                code: Cow::Owned(field.code),
                message: field.message,
            })
            .collect();
        if let Ok(data) = serde_json::from_str::<Map<String, Value>>(&failure.data) {
            problem.0.data = data
                .into_iter()
                .filter(|(name, _)| !RESERVED.contains(&name.as_str()))
                .collect();
        }
        let wait = Duration::from_millis(failure.retry_after_ms.into());
        match kind {
            FailureKind::Overloaded | FailureKind::Unavailable => problem.with_retry_after(wait),
            _ if wait.is_zero() => problem,
            _ => problem.with_retry_after(wait),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = self.0.status;
        response.extensions_mut().insert(self);
        response
    }
}

/// `insufficient_stock` -> `Insufficient stock`.
fn title(code: &str) -> String {
    let mut title = code.replace('_', " ").replace(" json", " JSON");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn body_of(problem: Problem) -> (StatusCode, HeaderMap, Value) {
        let (parts, body) = problem.render("", "req-1", HeaderMap::new()).into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_failure_becomes_a_problem_with_its_facts_inline() {
        let failure = Failure::new(FailureKind::Conflict, "insufficient_stock", "not enough on the shelf")
            .with_field("lines[0].quantity", "insufficient_stock", "3 available")
            .with_data(&serde_json::json!({
                "lines": [{"product_id": "prod_1", "available": 3}],
                "status": "never replaces a member of the shape",
            }));
        let (status, headers, body) = body_of(failure.into()).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(headers[CONTENT_TYPE], PROBLEM_JSON);
        insta::assert_json_snapshot!(body, @r#"
        {
          "code": "insufficient_stock",
          "detail": "not enough on the shelf",
          "errors": [
            {
              "code": "insufficient_stock",
              "field": "lines[0].quantity",
              "message": "3 available"
            }
          ],
          "lines": [
            {
              "available": 3,
              "product_id": "prod_1"
            }
          ],
          "request_id": "req-1",
          "status": 409,
          "title": "Insufficient stock",
          "type": "/errors/insufficient_stock"
        }
        "#);
    }

    #[tokio::test]
    async fn every_kind_of_failure_has_its_status() {
        let expected = [
            (FailureKind::Unspecified, 500),
            (FailureKind::Invalid, 422),
            (FailureKind::Unauthenticated, 401),
            (FailureKind::Forbidden, 403),
            (FailureKind::NotFound, 404),
            (FailureKind::Conflict, 409),
            (FailureKind::StaleVersion, 412),
            (FailureKind::KeyReused, 422),
            (FailureKind::Overloaded, 503),
            (FailureKind::Timeout, 504),
            (FailureKind::Unavailable, 503),
            (FailureKind::Internal, 500),
        ];
        for (kind, status) in expected {
            let (answered, headers, body) = body_of(Failure::new(kind, "some_code", "some message").into()).await;
            assert_eq!(answered.as_u16(), status, "{kind:?}");
            assert_eq!(body["status"], status, "{kind:?}");
            assert_eq!(headers.contains_key(RETRY_AFTER), status == 503, "{kind:?}");
            assert_eq!(headers.contains_key(WWW_AUTHENTICATE), status == 401, "{kind:?}");
            assert_eq!(body["code"], if status == 500 { "internal" } else { "some_code" });
            assert_eq!(
                body["detail"] == "some message",
                status != 500,
                "{kind:?}: internals stay inside"
            );
        }
    }

    #[tokio::test]
    async fn what_is_invalid_in_a_read_is_a_parameter() {
        let failure = Failure::invalid("page.cursor", "invalid_format", "not a cursor of this list");
        let (status, _, body) = body_of(Problem::of_read(failure)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(body["code"], "invalid_parameter");
        assert_eq!(body["errors"][0]["field"], "cursor");
        assert_eq!(body["detail"], "cursor: not a cursor of this list");
        let failure = Failure::invalid("consistency_token", "malformed", "not a token");
        let (_, _, body) = body_of(Problem::of_read(failure)).await;
        assert_eq!(
            (&body["code"], &body["errors"][0]["field"]),
            (&"invalid_header".into(), &"Consistency-Token".into())
        );
    }

    #[tokio::test]
    async fn waits_are_whole_seconds_rounded_up() {
        let failure =
            Failure::new(FailureKind::Overloaded, "overloaded", "busy").with_retry_after(Duration::from_millis(1200));
        let (_, headers, _) = body_of(failure.into()).await;
        assert_eq!(headers[RETRY_AFTER], "2");
        let failure = Failure::new(FailureKind::Overloaded, "rate_limited", "slow down");
        let (status, headers, _) = body_of(failure.into()).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(headers[RETRY_AFTER], "1");
    }
}
