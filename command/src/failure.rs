//! What callers receive when a command fails.

use eventstore::TransactError;
use proto::failure::{Failure, FailureKind};
use serde_json::json;

/// The failure of a transaction.
pub(crate) fn of_transaction<E: Into<Failure>>(error: TransactError<E>) -> Failure {
    match error {
        TransactError::Rejected(refusal) => refusal.into(),
        TransactError::VersionMismatch { expected, actual, .. } => version_mismatch(expected, actual),
        TransactError::Conflict => busy(
            "others kept changing the same things; try again",
            std::time::Duration::from_millis(50),
        ),
        TransactError::KeyReused => key_reused(),
        TransactError::Overloaded { retry_after } => busy("the system is busy; try again shortly", retry_after),
        TransactError::Closed => Failure::new(
            FailureKind::Unavailable,
            "unavailable",
            "the service is stopping; try again",
        ),
        TransactError::Invalid(message) => Failure::new(FailureKind::Invalid, "validation_failed", message),
        TransactError::Unavailable(error) => unavailable("event store", &error),
        TransactError::Plan(message) => internal("a plan named too few streams", &message),
        TransactError::Store(error) => of_store(&error),
    }
}

/// The caller's version is not the present one.
pub(crate) fn version_mismatch(expected: u64, actual: u64) -> Failure {
    Failure::new(
        FailureKind::StaleVersion,
        "version_mismatch",
        format!("version {expected} was expected, the present one is {actual}; read again and retry"),
    )
    .with_data(&json!({"expected": expected, "actual": actual}))
}

/// What is there speaks against it.
pub(crate) fn conflict(code: &str, message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Conflict, code, message)
}

/// The idempotency key belongs to another request.
pub(crate) fn key_reused() -> Failure {
    Failure::new(
        FailureKind::KeyReused,
        "idempotency_key_reused",
        "this idempotency key was used for another request; take a new key",
    )
}

/// Nothing is wrong but the moment.
pub(crate) fn busy(message: &str, retry_after: std::time::Duration) -> Failure {
    Failure::new(FailureKind::Overloaded, "overloaded", message).with_retry_after(retry_after)
}

/// A part that is needed does not answer; logged here.
pub(crate) fn unavailable(part: &'static str, detail: &dyn std::fmt::Display) -> Failure {
    tracing::warn!(part, %detail, "a part of the system does not answer");
    Failure::new(
        FailureKind::Unavailable,
        "unavailable",
        "a part of the system does not answer; try again shortly",
    )
    .with_retry_after(std::time::Duration::from_secs(1))
}

/// What is stored cannot be read: nothing that the caller could do; logged here.
fn unreadable(detail: &dyn std::fmt::Display) -> Failure {
    tracing::error!(%detail, "what is stored cannot be read; see `tillroll stream skip`");
    Failure::new(
        FailureKind::Unavailable,
        "stream_unreadable",
        "something in the history of this cannot be read, so it takes no changes until an operator has seen to it",
    )
}

/// A fault of our own; logged here.
pub(crate) fn internal(what: &'static str, detail: &dyn std::fmt::Display) -> Failure {
    tracing::error!(%detail, "{what}");
    Failure::new(
        FailureKind::Internal,
        "internal",
        "the request failed inside the system",
    )
}

/// A failure of this crate's own tables.
pub(crate) fn of_database(error: &sqlx::Error) -> Failure {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => unavailable("database", error),
        // Connections lost, the server starting, stopping, full or read-only, or without what it is to load.
        sqlx::Error::Database(inner)
            if inner.message().contains("load library")
                || inner.code().is_some_and(|code| {
                    ["08", "25006", "53", "57P", "58"]
                        .iter()
                        .any(|class| code.starts_with(class))
                }) =>
        {
            unavailable("database", error)
        }
        _ => internal("a query failed", error),
    }
}

/// A failure of the event store outside a transaction.
pub(crate) fn of_store(error: &eventstore::Error) -> Failure {
    use eventstore::Error;
    match error {
        Error::Unreachable | Error::MissingEvent(_) => unavailable("event store", error),
        Error::Database(inner) | Error::OutcomeUnknown(inner) => of_database(inner),
        Error::Decode { source, .. } => unreadable(&format_args!("{error}: {source}")),
        Error::Encode { source, .. } => internal(
            "a stored text is not what it should be",
            &format_args!("{error}: {source}"),
        ),
        Error::Damaged(_) => unreadable(error),
    }
}
