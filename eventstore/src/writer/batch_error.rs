//! Why an attempt at a batch fails, and how long it waits for the database.

use std::time::Duration;

use sqlx::error::DatabaseError;
use tokio::time::timeout;

use super::decide::Verdict;
use crate::Error;

/// Why nothing of a batch was carried out, as far as is known.
pub(super) enum BatchError {
    /// Others were faster: to be decided again.
    Contended,
    /// The connection broke before anything was sent that could be stored.
    Broken(sqlx::Error),
    /// The connection broke during the commit, which may have happened: as decided.
    Unanswered { error: sqlx::Error, verdicts: Vec<Verdict> },
    /// The database takes nothing now.
    Unavailable(Error),
    /// The database refused the statement: because of some command in it.
    Refused(sqlx::Error),
}

/// A database that does not answer in time counts as one whose connection broke. A caller that waits for an answer that was lost on the way would
/// wait for ever.
pub(super) async fn with_timeout<T, E: From<sqlx::Error>>(
    limit: Duration,
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let answer = timeout(limit, asked).await;
    answer.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into()))
}

impl BatchError {
    /// The same error during a commit, whose outcome is unknown when the connection broke.
    pub(super) fn unanswered(self, verdicts: Vec<Verdict>) -> Self {
        match self {
            Self::Broken(error) => Self::Unanswered { error, verdicts },
            other => other,
        }
    }
}

/// What an error says about the connection, the database or the statement.
pub(super) fn classify(error: sqlx::Error) -> BatchError {
    let code = error
        .as_database_error()
        .and_then(DatabaseError::code)
        .unwrap_or_default();
    match (&error, &*code) {
        (sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed, _)
        | (_, "57P01" | "57P02" | "57P03") => BatchError::Broken(error),
        (_, code) if code.starts_with("08") => BatchError::Broken(error),
        // Out of space or connections, shutting down, cancelled, or a standby by now: no command's fault, and nothing was committed.
        (_, "25006") => BatchError::Unavailable(error.into()),
        (_, code) if ["53", "57", "58"].contains(&code.get(..2).unwrap_or_default()) => {
            BatchError::Unavailable(error.into())
        }
        // As after PostgreSQL's programs were replaced while it runs.
        (sqlx::Error::Database(refusal), "XX000") if refusal.message().contains("load library") => {
            BatchError::Unavailable(error.into())
        }
        (_, "40001" | "40P01" | "55P03") => BatchError::Contended,
        (sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed, _) => BatchError::Unavailable(error.into()),
        _ => BatchError::Refused(error),
    }
}
