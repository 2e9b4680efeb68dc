//! The refusals that the gateway itself makes.

use std::borrow::Cow;

use http::StatusCode;
use proto::{access::Permission, failure::Failure};

use super::{FieldError, Problem};

/// Longest body of a request, in bytes.
pub(crate) const MAX_BODY: usize = 1024 * 1024;

impl Problem {
    /// A well-formed body with wrong values; all of them.
    pub(crate) fn validation(errors: Vec<FieldError>) -> Self {
        let detail = summary(&errors, "the body");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", detail).with_errors(errors)
    }

    /// Wrong query parameters; all of them.
    pub(crate) fn parameters(errors: Vec<FieldError>) -> Self {
        let detail = summary(&errors, "the query");
        Self::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail).with_errors(errors)
    }

    /// A request header that cannot be understood.
    pub(crate) fn header(name: &'static str, message: impl Into<String>) -> Self {
        let errors = vec![FieldError::new(name, "invalid_format", message)];
        let detail = summary(&errors, "the headers");
        Self::new(StatusCode::BAD_REQUEST, "invalid_header", detail).with_errors(errors)
    }

    /// No route, or no such thing that the caller may see.
    pub(crate) fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// A caller is needed and there is none.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "log in with POST /v1/auth/login and send the token as `Authorization: Bearer ...`",
        )
    }

    /// The caller is known and may not do this.
    pub(crate) fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// The caller is known and lacks a permission.
    pub(crate) fn lacking(permission: Permission) -> Self {
        Self::forbidden(format!("this needs the permission `{permission}`"))
            .with_data("permission", permission.to_string())
    }

    /// The request took longer than it may.
    pub(crate) fn timeout() -> Self {
        Self::new(
            StatusCode::GATEWAY_TIMEOUT,
            "timeout",
            "the answer did not come in time; a write may have happened: retry with the same Idempotency-Key",
        )
    }

    /// A fault of our own. What it was goes to the log, never to the client.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the request failed inside the system; the request id finds it in the logs",
        )
    }

    /// A refusal that axum or a library under it made without saying why in our shape.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found("there is nothing at this address"),
            StatusCode::METHOD_NOT_ALLOWED => method_not_allowed(),
            StatusCode::PAYLOAD_TOO_LARGE => payload_too_large(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::new(
                status,
                "unsupported_media_type",
                "this media type is not understood here",
            ),
            StatusCode::GATEWAY_TIMEOUT => Self::timeout(),
            status if status.is_client_error() => Self::new(status, "bad_request", "the request cannot be understood"),
            _ => Self::internal(),
        }
    }

    /// The failure of a read. A read has no body, so what is invalid is a parameter or a header: 400.
    pub(crate) fn of_read(failure: Failure) -> Self {
        let mut problem = Self::from(failure).rename_fields(parameter_name);
        let facts = &mut problem.0;
        if facts.status == StatusCode::UNPROCESSABLE_ENTITY {
            facts.status = StatusCode::BAD_REQUEST;
            if facts.code == "validation_failed" || facts.code == "invalid" {
                let of_header = facts.errors.iter().any(|error| error.field.starts_with("Consistency-"));
                facts.code = Cow::Borrowed(if of_header {
                    "invalid_header"
                } else {
                    "invalid_parameter"
                });
            }
            if !facts.errors.is_empty() {
                facts.detail = summary(&facts.errors, "the query").into();
            }
        }
        problem
    }
}

/// The method is not one of this address.
pub(crate) fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this address does not take this method; `Allow` lists those that it takes",
    )
}

/// The body is longer than [`MAX_BODY`].
pub(crate) fn payload_too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "payload_too_large",
        format!("a body has at most {MAX_BODY} bytes"),
    )
    .with_data("limit", MAX_BODY)
}

fn summary(errors: &[FieldError], place: &str) -> String {
    match errors {
        [only] if only.message.starts_with(&only.field) => only.message.clone(),
        [only] => format!("{}: {}", only.field, only.message),
        _ => format!("{} things are wrong in {place}; `errors` lists them", errors.len()),
    }
}

/// What a field of a query's request is called in the URL.
fn parameter_name(field: &str) -> Option<String> {
    let name = match field {
        "page.limit" | "list.page.limit" => "limit",
        "page.cursor" => "cursor",
        "search" => "q",
        "statuses" => "status",
        "time_zone" => "tz",
        "placed.from_micros" | "recorded.from_micros" | "placed.from" | "recorded.from" | "placed" | "recorded" => {
            "from"
        }
        "placed.to_micros" | "recorded.to_micros" | "placed.to" | "recorded.to" => "to",
        "price" | "price.min" => "min_price",
        "price.max" => "max_price",
        "total" | "total.min" => "min_total",
        "total.max" => "max_total",
        "context.consistency_token" | "consistency_token" => "Consistency-Token",
        "context.wait_ms" | "wait_ms" => "Consistency-Wait",
        "event_type" => "type",
        "aggregate_type" => "aggregate",
        "correlation_id" => "correlation",
        "customer_id" => "customer",
        "product_id" => "product",
        _ => return field.strip_prefix("attributes.").map(|key| format!("attr.{key}")),
    };
    Some(name.to_owned())
}
