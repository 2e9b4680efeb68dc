//! The one error of the read services and its border to gRPC.

use proto::failure::{Failure, FailureKind};
use tonic::Status;
/// Why a read was not answered.
#[derive(Debug)]
pub enum Error {
    /// A value of the request cannot be right.
    Invalid {
        /// Its name in the request.
        field: &'static str,
        /// Stable, for programs.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// The cursor is not one of ours, or one of another list.
    InvalidCursor(&'static str),
    /// There is no such `what`.
    NotFound {
        /// What was asked for: `order`.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// There is such a `what` now, but there was none yet at the moment asked for.
    NotYet {
        /// What was asked for: `order`.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// The read model did not reach the consistency token in time.
    Behind,
    /// The report would have more rows than `limit`.
    ReportTooLarge {
        /// Most rows.
        limit: usize,
    },
    /// A row of a read model holds what it never should.
    BadRow {
        /// The read model.
        table: &'static str,
        /// The column that is wrong.
        column: &'static str,
        /// What names the row.
        row: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// No checkpoint, or not the one that was named, covers the event yet.
    NotSealed,
    /// What is stored is not what was sealed, so nothing can be proven with it.
    SealBroken(String),
    /// A file could not be made; why.
    File(String),
    /// The export has no file (yet).
    ExportNotReady {
        /// How it stands.
        status: String,
    },
    /// The file of an export would be longer than `limit` bytes.
    ExportTooLarge {
        /// Most bytes.
        limit: u64,
    },
    /// The idempotency key belongs to another request.
    KeyReused,
    /// Too much is waiting to be done.
    Busy,
    /// The database does not answer, or refuses.
    Database(sqlx::Error),
}

impl Error {
    /// A `field` of the request cannot be right.
    #[must_use]
    pub fn invalid(field: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            code,
            message: message.into(),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid { field, code, message } => Self::invalid(field, code, message),
            Error::InvalidCursor(message) => Self::new(FailureKind::Invalid, "invalid_cursor", message).with_field(
                "cursor",
                "invalid_cursor",
                message,
            ),
            Error::NotFound { what, id } => {
                Self::new(FailureKind::NotFound, "not_found", format!("there is no {what} {id}"))
            }
            Error::NotYet { what, id } => Self::new(
                FailureKind::NotFound,
                "not_created_yet",
                format!("at that moment there was no {what} {id} yet"),
            ),
            Error::Behind => Self::new(
                FailureKind::Timeout,
                "read_model_behind",
                "the read model does not show the write of the consistency token yet; try again, or allow a stale answer",
            ),
            Error::ReportTooLarge { limit } => Self::new(
                FailureKind::Invalid,
                "report_too_large",
                format!(
                    "the report has more than {limit} rows; ask for a shorter time, longer intervals or no grouping, or for a file (`format=csv` or `format=jsonl`, or POST /v1/exports), which may be of any length"
                ),
            )
            .with_data(&serde_json::json!({ "max_rows": limit })),
            Error::BadRow {
                table,
                column,
                row,
                expected,
            } => {
                tracing::error!(table, column, row, expected, "a row of a read model is damaged");
                internal()
            }
            Error::NotSealed => Self::new(
                FailureKind::Conflict,
                "not_sealed_yet",
                "the checkpoint does not cover the event; events are sealed some seconds after they were written",
            ),
            Error::SealBroken(reason) => {
                tracing::error!(reason, "what is stored is not what was sealed");
                Self::new(
                    FailureKind::Conflict,
                    "seal_broken",
                    "what is stored is not what was sealed; `tillroll audit verify` says more",
                )
            }
            Error::File(error) => {
                tracing::warn!(error, "a file was not made");
                internal()
            }
            Error::ExportNotReady { status } => Self::new(
                FailureKind::Conflict,
                "export_not_ready",
                format!("the export is {status}; only one that is done has a file"),
            )
            .with_data(&serde_json::json!({ "status": status })),
            Error::ExportTooLarge { limit } => Self::new(
                FailureKind::Invalid,
                "report_too_large",
                format!("the file is longer than {limit} bytes; ask for a shorter time"),
            ),
            Error::KeyReused => Self::new(
                FailureKind::KeyReused,
                "idempotency_key_reused",
                "the idempotency key was used with another request",
            ),
            Error::Busy => Self::new(
                FailureKind::Overloaded,
                "overloaded",
                "many exports are waiting already; try again when some are done",
            )
            .with_retry_after(std::time::Duration::from_secs(10)),
            Error::Database(error) => database_failure(&error),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        Failure::from(error).into()
    }
}

fn internal() -> Failure {
    Failure::new(FailureKind::Internal, "internal", "the read failed inside the system")
}

fn unavailable() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "unavailable",
        "the database does not answer; try again shortly",
    )
    .with_retry_after(std::time::Duration::from_secs(1))
}

fn database_failure(error: &sqlx::Error) -> Failure {
    match error {
        sqlx::Error::Database(refusal) => {
            let state = refusal.code().unwrap_or_default();
            match state.as_ref() {
                // A text with a NUL, which PostgreSQL stores nowhere.
                "22021" | "22P05" => Failure::new(
                    FailureKind::Invalid,
                    "validation_failed",
                    "a text of the request holds a character that is never stored",
                ),
                "57014" | "55P03" => {
                    tracing::warn!(sqlstate = %state, "a read ran into the database's time limit");
                    Failure::new(
                        FailureKind::Timeout,
                        "timeout",
                        "the read took too long; narrow it down, or try again",
                    )
                }
                // A table or column that is not there yet.
                "42P01" | "42703" => {
                    tracing::error!(sqlstate = %state, message = refusal.message(), "a read model is older than this program: `tillroll rebuild` it");
                    Failure::new(
                        FailureKind::Unavailable,
                        "unavailable",
                        "the read model is older than the program; an operator must rebuild it",
                    )
                    .with_retry_after(std::time::Duration::from_mins(1))
                }
                // Connections lost, the server starting, stopping or full, or without what it is to load.
                code if code.starts_with("08")
                    || code.starts_with("53")
                    || code.starts_with("57P")
                    || code.starts_with("58")
                    || refusal.message().contains("load library") =>
                {
                    tracing::warn!(sqlstate = %state, message = refusal.message(), "the database refuses to read");
                    unavailable()
                }
                // Data exceptions and broken constraints quote the data, which may be a person's.
                code if code.starts_with("22") || code.starts_with("23") => {
                    tracing::error!(sqlstate = %state, "a read failed in the database");
                    internal()
                }
                _ => {
                    tracing::error!(sqlstate = %state, message = refusal.message(), "a read failed in the database");
                    internal()
                }
            }
        }
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_) => {
            tracing::warn!(error = %error, "no connection to the database");
            unavailable()
        }
        // The rest are errors of the program; the text of a decoding error may quote data.
        sqlx::Error::ColumnDecode { index, .. } => {
            tracing::error!(column = index, "a column does not decode");
            internal()
        }
        _ => {
            tracing::error!(kind = ?std::mem::discriminant(error), "a read failed in the client of the database");
            internal()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_trouble_is_unavailable_and_the_rest_is_internal() {
        let kinds = [
            (sqlx::Error::PoolTimedOut, FailureKind::Unavailable),
            (sqlx::Error::PoolClosed, FailureKind::Unavailable),
            (
                sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()),
                FailureKind::Unavailable,
            ),
            (sqlx::Error::RowNotFound, FailureKind::Internal),
        ];
        for (error, kind) in kinds {
            assert_eq!(Failure::from(Error::from(error)).kind(), kind);
        }
    }

    #[test]
    fn a_damaged_row_is_not_shown_to_the_client() {
        let failure = Failure::from(Error::BadRow {
            table: "orders",
            column: "status",
            row: "ord_7".to_owned(),
            expected: "an order's status",
        });
        assert_eq!(failure.kind(), FailureKind::Internal);
        assert!(!failure.message.contains("ord_7") && !failure.message.contains("status"));
    }
}
