//! What can go wrong. Public causes are variants; the database's words stay behind `source`.

use std::sync::Arc;
use std::time::Duration;

use registry::DecodeError;

use crate::StreamKey;

/// A failure of the store itself. Cheap to clone, because it may be the answer to a whole batch.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL refused or could not be reached.
    #[error("the event store's database failed")]
    Database(#[source] Arc<sqlx::Error>),
    /// The database did not take the connection in time.
    #[error("the event store's database cannot be reached")]
    Unreachable,
    /// The connection broke while a commit was under way, and whether it happened could not be found out: it may have.
    #[error("the connection broke during a commit, whose outcome is unknown")]
    OutcomeUnknown(#[source] Arc<sqlx::Error>),
    /// The database holds an older state than this process has seen; the process should end.
    #[error(transparent)]
    MissingEvent(#[from] MissingEvent),
    /// A stored text does not decode into what was asked for.
    #[error("{what} does not decode")]
    Decode {
        /// The text in question, by name.
        what: String,
        /// Why it does not.
        #[source]
        source: Undecodable,
    },
    /// A value does not serialize to JSON.
    #[error("{what} does not serialize")]
    Encode {
        /// The value in question, by name.
        what: String,
        /// Why it does not.
        #[source]
        source: Arc<serde_json::Error>,
    },
    /// The stored data contradicts the store's rules.
    #[error("the event store is damaged: {0}")]
    Damaged(String),
}

/// An event that this process has seen, and that the database does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the database holds an older state than this process has seen: event {position} of lane {lane} is not there, or is another one. A backup \
     was restored, or a standby took over without the newest commits"
)]
pub struct MissingEvent {
    /// Its lane.
    pub lane: u32,
    /// Its position in the lane.
    pub position: u64,
}

impl Error {
    pub(crate) fn decode(what: impl Into<String>, source: &DecodeError) -> Self {
        Self::Decode {
            what: what.into(),
            source: Undecodable::new(source),
        }
    }

    pub(crate) fn encode(what: impl Into<String>, source: serde_json::Error) -> Self {
        Self::Encode {
            what: what.into(),
            source: Arc::new(source),
        }
    }
}

/// Why a text does not decode, without anything of the text, which may be a person's: what was expected, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Undecodable(String);

impl Undecodable {
    pub(crate) fn new(error: &DecodeError) -> Self {
        let text = error.to_string();
        let DecodeError::Json(error) = error else {
            return Self(text);
        };
        // Names of fields and of what is expected are the program's own; whatever else serde or a type says may quote.
        let quoting = [
            "invalid type: ",
            "invalid value: ",
            "unknown variant ",
            "unknown field ",
        ];
        if text.starts_with("missing field ") || !error.is_data() {
            return Self(text);
        }
        match text.rsplit_once(", expected ") {
            Some((_, expected)) if quoting.iter().any(|start| text.starts_with(start)) => {
                Self(format!("something else stands there than the expected {expected}"))
            }
            _ => Self(format!(
                "a value is refused at line {} column {}",
                error.line(),
                error.column()
            )),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum TransactError<E> {
    /// The decision rejected the command.
    #[error("the command was rejected")]
    Rejected(E),
    /// The stream is not at the version that the caller expects.
    #[error("{stream} is at version {actual}, not {expected}")]
    VersionMismatch {
        /// The stream whose version was given.
        stream: StreamKey,
        /// What the caller expected.
        expected: u64,
        /// What it is.
        actual: u64,
    },
    /// Other writers won the same streams too often.
    #[error("the streams changed too often while the command was decided")]
    Conflict,
    /// The idempotency key belongs to another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The queue is full: the command was refused at once and not tried.
    #[error("too many commands are waiting")]
    Overloaded {
        /// When to come again.
        retry_after: Duration,
    },
    /// The store was closed.
    #[error("the event store is closed")]
    Closed,
    /// A programmer's error: the decision touched what its plan does not name.
    #[error("the plan does not hold: {0}")]
    Plan(String),
    /// PostgreSQL cannot store a text of the command.
    #[error("not storable: {0}")]
    Invalid(String),
    /// The database cannot be reached. With [`Error::OutcomeUnknown`] the command may have been carried out.
    #[error("the event store is unavailable")]
    Unavailable(#[source] Error),
    /// The database refused this very command.
    #[error("the event store failed")]
    Store(#[source] Error),
}

impl<E> TransactError<E> {
    /// Whether the command may have been carried out all the same, or nothing can be undone now anyway.
    #[must_use]
    pub const fn in_doubt(&self) -> bool {
        matches!(self, Self::Closed | Self::Store(_) | Self::Unavailable(_))
    }
}

/// Why a stored outcome cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// The idempotency key belongs to another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The store failed.
    #[error("the event store failed")]
    Store(#[source] Error),
}

impl From<Error> for IdempotencyError {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}
