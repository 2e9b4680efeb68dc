//! Why an import stopped, and why a row was refused.

use std::io;
use std::path::PathBuf;

use domain::ValueError;
use files::read::Input;
use proto::v1::Failure;

/// The import as a whole cannot go on. What was acknowledged before stays, and the next run takes it up from there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file as it was named.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The input cannot be read to its end.
    #[error("cannot read the input")]
    Read(#[source] io::Error),
    /// The first line does not name the columns of the schema. Nothing was written.
    #[error("{0}")]
    Header(String),
    /// The list of rejected rows or the progress file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A service refused more than single rows.
    #[error("{} ({})", .0.message, .0.code)]
    Service(Failure),
    /// The service answered with something else than one outcome a row.
    #[error("the service answered {answered} outcomes for {sent} rows")]
    Protocol {
        /// Rows in the request.
        sent: usize,
        /// Outcomes in the reply.
        answered: usize,
    },
    /// Work in the background ended before its time.
    #[error("a part of the import ended unexpectedly")]
    Interrupted,
}

impl Error {
    /// The input cannot be opened.
    pub(crate) fn opening(input: &Input, source: io::Error) -> Self {
        match input {
            Input::Stdin => Self::Read(source),
            Input::File(path) => Self::Open {
                path: path.clone(),
                source,
            },
        }
    }
}

/// How a run ended that did not fail as a whole.
pub(crate) enum Stop {
    /// For good.
    Failed(Error),
    /// The progress file speaks of rows that this store does not have: begin again.
    ForeignProgress,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Why a row, or an order of several rows, was not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowError {
    /// Line of the input, from 1.
    pub(crate) line: u64,
    /// SKU or external id, as far as it could be read.
    pub(crate) key: String,
    /// Column or path in the JSON document; empty: the row as a whole.
    pub(crate) field: String,
    /// Stable, for programs.
    pub(crate) code: String,
    /// For people.
    pub(crate) reason: String,
}

/// What is wrong with one field; its row is known to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldError {
    pub(crate) field: String,
    pub(crate) code: &'static str,
    pub(crate) reason: String,
}

impl FieldError {
    pub(crate) fn new(field: impl Into<String>, code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            code,
            reason: reason.into(),
        }
    }

    /// A value type refused what stands in `field`.
    pub(crate) fn value(field: impl Into<String>, error: &ValueError) -> Self {
        Self::new(field, error.code().as_str(), error.message())
    }

    /// The same mistake, deeper in the document: `sku` becomes `lines[2].sku`.
    pub(crate) fn below(mut self, prefix: &str) -> Self {
        self.field = format!("{prefix}{}", self.field);
        self
    }

    pub(crate) fn at(self, line: u64, key: &str) -> RowError {
        RowError {
            line,
            key: key.to_owned(),
            field: self.field,
            code: self.code.to_owned(),
            reason: self.reason,
        }
    }
}
