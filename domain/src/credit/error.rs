use crate::order::LineProblem;

/// Why a command to a credit was refused. Lines count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditError {
    /// A credit for nothing.
    #[error("a credit has at least one line")]
    NoLines,
    /// Too many lines.
    #[error("a credit has at most {limit} lines, not {count}")]
    TooManyLines {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A line contradicts itself.
    #[error("line {line}: {problem}")]
    InvalidLine {
        /// The line.
        line: usize,
        /// What is wrong.
        problem: LineProblem,
    },
    /// The credit is more than [`crate::MAX_TOTAL`].
    #[error("the credit is larger than a credit can be")]
    TotalTooLarge,
    /// The credit was issued before, with other content.
    #[error("the credit was issued before, with other content")]
    IssuedDifferently,
}
