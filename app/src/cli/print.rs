//! What a command answers, on standard output.

use std::fmt::Display;
use std::io::Write as _;

/// Prints a line. A reader that has seen enough (`tillroll doctor | head -1`) is no error.
pub(super) fn line(text: impl Display) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
