//! What is wrong with a configuration.

use std::fmt::{self, Display, Formatter};

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name in the environment, or the file, that is wrong.
    pub variable: String,
    /// What is wrong and what would be right; never holds a secret.
    pub message: String,
}

/// The configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Everything that is wrong, in the order of the variables.
    pub problems: Vec<Problem>,
}

impl Error {
    pub(super) fn one(variable: impl Into<String>, message: impl Into<String>) -> Error {
        Error {
            problems: vec![Problem {
                variable: variable.into(),
                message: message.into(),
            }],
        }
    }
}

impl Display for Error {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{} {}", problem.variable, problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
