//! The one error that crosses a service border: [`Failure`] inside a [`tonic::Status`].
//!
//! A service turns each of its errors into a `Failure` with an exhaustive match and answers `failure.into()`; a
//! caller gets it back with [`Failure::from`]. On the wire it is the detail of a `google.rpc.Status`, as the gRPC
//! richer error model has it, so that any client can read it.

use std::error::Error as _;

use prost::Message;
use tonic::{Code, Status};

pub use crate::v1::{Failure, FailureKind, FieldFailure};

const TYPE_URL: &str = "type.googleapis.com/tillroll.v1.Failure";

/// `google.rpc.Status`, declared here because nothing else of that package is needed.
#[derive(Clone, PartialEq, Message)]
struct RichStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

impl FailureKind {
    /// The gRPC code of this kind.
    #[must_use]
    pub fn grpc_code(self) -> Code {
        match self {
            Self::Unspecified | Self::Internal => Code::Internal,
            Self::Invalid => Code::InvalidArgument,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::Forbidden => Code::PermissionDenied,
            Self::NotFound => Code::NotFound,
            Self::Conflict | Self::KeyReused => Code::FailedPrecondition,
            Self::StaleVersion => Code::Aborted,
            Self::Overloaded => Code::ResourceExhausted,
            Self::Timeout => Code::DeadlineExceeded,
            Self::Unavailable => Code::Unavailable,
        }
    }

    /// The HTTP status of this kind.
    #[must_use]
    pub fn http_status(self) -> u16 {
        match self {
            Self::Unspecified | Self::Internal => 500,
            Self::Invalid | Self::KeyReused => 422,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::StaleVersion => 412,
            Self::Overloaded | Self::Unavailable => 503,
            Self::Timeout => 504,
        }
    }

    /// The kind that a status without a [`Failure`] stands for: one that the transport or a foreign service made.
    #[must_use]
    pub fn of_code(code: Code) -> Self {
        match code {
            Code::InvalidArgument | Code::OutOfRange => Self::Invalid,
            Code::Unauthenticated => Self::Unauthenticated,
            Code::PermissionDenied => Self::Forbidden,
            Code::NotFound => Self::NotFound,
            Code::AlreadyExists | Code::FailedPrecondition => Self::Conflict,
            Code::Aborted => Self::StaleVersion,
            Code::ResourceExhausted => Self::Overloaded,
            Code::DeadlineExceeded | Code::Cancelled => Self::Timeout,
            Code::Unavailable => Self::Unavailable,
            Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss | Code::Unimplemented => Self::Internal,
        }
    }

    fn default_code(self) -> &'static str {
        match self {
            Self::Unspecified | Self::Internal => "internal",
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::StaleVersion => "stale_version",
            Self::KeyReused => "idempotency_key_reused",
            Self::Overloaded => "overloaded",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
        }
    }

    fn default_message(self) -> &'static str {
        match self {
            Self::Timeout => "the service did not answer in time; try again",
            Self::Unavailable => "a part of the system does not answer; try again shortly",
            Self::Overloaded => "the system is busy; try again shortly",
            _ => "the request failed inside the system",
        }
    }
}

impl Failure {
    /// A failure of `kind` with a stable `code` and a message for people.
    pub fn new(kind: FailureKind, code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            kind: kind.into(),
            message: message.into(),
            ..Self::default()
        }
    }

    /// A value that cannot be right, at `field` of the request.
    pub fn invalid(field: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::new(FailureKind::Invalid, "validation_failed", message.clone()).with_field(field, code, message)
    }

    /// Adds what is wrong with one field.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        self.fields.push(FieldFailure {
            field: field.into(),
            code: code.to_owned(),
            message: message.into(),
        });
        self
    }

    /// Adds facts for programs: a JSON object.
    #[must_use]
    pub fn with_data(mut self, data: &impl serde::Serialize) -> Self {
        self.data = serde_json::to_string(data).unwrap_or_default();
        self
    }

    /// Says when it is worth trying again.
    #[must_use]
    pub fn with_retry_after(mut self, wait: std::time::Duration) -> Self {
        self.retry_after_ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
        self
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        let code = failure.kind().grpc_code();
        let details = RichStatus {
            code: code.into(),
            message: failure.message.clone(),
            details: vec![prost_types::Any {
                type_url: TYPE_URL.to_owned(),
                value: failure.encode_to_vec(),
            }],
        };
        Self::with_details(code, failure.message, details.encode_to_vec().into())
    }
}

impl From<&Status> for Failure {
    /// The failure that the status carries. A status without one becomes a failure of the kind of its code whose
    /// message is our own, because a transport's message may name what clients must not learn.
    fn from(status: &Status) -> Self {
        RichStatus::decode(status.details())
            .ok()
            .and_then(|rich| rich.details.into_iter().find(|detail| detail.type_url == TYPE_URL))
            .and_then(|detail| Self::decode(detail.value.as_slice()).ok())
            .unwrap_or_else(|| {
                let kind = match (FailureKind::of_code(status.code()), status.source()) {
                    // Only a status that was made on this side has a source: the connection broke while the answer was awaited.
                    (FailureKind::Internal, Some(_)) => FailureKind::Unavailable,
                    (kind, _) => kind,
                };
                Self::new(kind, kind.default_code(), kind.default_message())
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [FailureKind; 11] = [
        FailureKind::Invalid,
        FailureKind::Unauthenticated,
        FailureKind::Forbidden,
        FailureKind::NotFound,
        FailureKind::Conflict,
        FailureKind::StaleVersion,
        FailureKind::KeyReused,
        FailureKind::Overloaded,
        FailureKind::Timeout,
        FailureKind::Unavailable,
        FailureKind::Internal,
    ];

    #[test]
    fn a_failure_survives_the_wire_whole() {
        for kind in KINDS {
            let failure = Failure::new(kind, "some_code", "what is wrong")
                .with_field("lines[2].quantity", "too_large", "at most 10")
                .with_data(&serde_json::json!({"available": 10}))
                .with_retry_after(std::time::Duration::from_millis(1500));
            let status = Status::from(failure.clone());
            assert_eq!(status.code(), kind.grpc_code());
            assert_eq!(Failure::from(&status), failure);
        }
    }

    #[test]
    fn a_foreign_status_keeps_its_kind_and_loses_its_text() {
        let failure = Failure::from(&Status::unavailable("tcp connect error: 10.0.0.3:5432"));
        assert_eq!(failure.kind(), FailureKind::Unavailable);
        assert_eq!(failure.code, "unavailable");
        assert!(!failure.message.contains("10.0.0.3"));
    }

    #[test]
    fn a_connection_that_breaks_is_no_fault_inside() {
        let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let failure = Failure::from(&Status::from_error(Box::new(broken)));
        assert_eq!(failure.kind(), FailureKind::Unavailable);
        assert_eq!(
            Failure::from(&Status::unknown("no one knows")).kind(),
            FailureKind::Internal
        );
    }

    #[test]
    fn a_failure_without_kind_is_an_internal_error() {
        assert_eq!(Failure::default().kind().http_status(), 500);
    }
}
