//! How a command ended, for the shell.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As asked: 0.
    Success,
    /// It could not do what was asked: 1.
    Failure,
    /// It did what it could; some rows of the input were refused: 2.
    Partly,
    /// It looked, and what it looked at is not as it should be: 3.
    Wrong,
    /// It was called or configured wrongly, and nothing was begun: 64, as in `sysexits.h`.
    Usage,
}

impl From<End> for ExitCode {
    fn from(end: End) -> ExitCode {
        match end {
            End::Success => ExitCode::SUCCESS,
            End::Failure => ExitCode::FAILURE,
            End::Partly => ExitCode::from(2),
            End::Wrong => ExitCode::from(3),
            End::Usage => ExitCode::from(64),
        }
    }
}
