//! How two versions of a read model differ.

use std::fmt;

/// How a table of the new version differs from that of the active one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The view that the table serves.
    pub table: String,
    /// Rows in the active version.
    pub active_rows: i64,
    /// Rows in the rebuilt version.
    pub rebuilt_rows: i64,
    /// Rows that are not the same in both.
    pub differing: i64,
    /// The keys of some of them.
    pub examples: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} differs in {} rows ({} active, {} rebuilt), such as {}",
            self.table,
            self.differing,
            self.active_rows,
            self.rebuilt_rows,
            self.examples.join(", ")
        )
    }
}
