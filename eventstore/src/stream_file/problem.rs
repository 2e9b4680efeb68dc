//! What can be wrong with a file.

use std::fmt;

use super::FORMAT_VERSION;

/// What is wrong with a file, and in which line.
#[derive(Debug)]
pub struct StreamFileError {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong there.
    pub problem: StreamFileProblem,
}

/// What can be wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum StreamFileProblem {
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The first line is no header.
    #[error("this is no exported stream: {0}")]
    NotAStream(String),
    /// A later version of the format.
    #[error("the format has version {0}, and only version {FORMAT_VERSION} can be read")]
    UnknownVersion(u32),
    /// A line is no event.
    #[error("this is no event: {0}")]
    NotAnEvent(serde_json::Error),
    /// An event of another stream.
    #[error("this event belongs to {found}, and the file is of {expected}")]
    Foreign {
        /// The stream of the file.
        expected: String,
        /// The stream of the event.
        found: String,
    },
    /// Events are missing.
    #[error("event {expected} is missing: this one is {found}")]
    Gap {
        /// The sequence that had to come.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// Events are out of order, or one comes twice.
    #[error("event {found} comes again or too late: event {expected} is next")]
    Disorder {
        /// The sequence that had to come.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// An event's place in the log cannot be right.
    #[error("{0}")]
    Misplaced(String),
    /// The file ends early.
    #[error("the file ends after {found} of {expected} events")]
    Incomplete {
        /// The events that the header promises.
        expected: u64,
        /// The events that there are.
        found: u64,
    },
    /// There is more than the header promises.
    #[error("the header promises {0} events and there are more")]
    Overlong(u64),
    /// An event cannot be understood by today's code.
    #[error("event {sequence} ({event_type}) cannot be understood: {reason}")]
    Undecodable {
        /// Its place in the stream.
        sequence: u64,
        /// Its type.
        event_type: String,
        /// Why.
        reason: String,
    },
    /// An event is not of the type that it says it is of.
    #[error("the event says that it is {event_type}, and its payload is {payload}")]
    Contradictory {
        /// What it says.
        event_type: String,
        /// What it is.
        payload: String,
    },
    /// The file is of another aggregate type.
    #[error("the file is of type {found}, and {expected} was to be replayed")]
    OtherType {
        /// The type asked for.
        expected: String,
        /// The file's.
        found: String,
    },
}

impl fmt::Display for StreamFileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for StreamFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.problem)
    }
}
