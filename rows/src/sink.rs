//! Where the values of rows are written to.

use chrono::{DateTime, Utc};

/// Takes the values of rows, column by column.
pub trait Sink {
    /// Takes a text or a key.
    fn text(&mut self, value: Option<&str>);
    /// Takes a list of keys.
    fn texts(&mut self, values: Option<&[String]>);
    /// Takes 64 bits.
    fn bigint(&mut self, value: Option<i64>);
    /// Takes a moment.
    fn time(&mut self, value: Option<DateTime<Utc>>);
    /// Takes a JSON document.
    fn json(&mut self, value: Option<&str>);
}
