//! What a reader of rows hands to the sender.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::RowError;

/// A place in the input between two rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Bytes before it.
    pub(crate) offset: u64,
    /// Number of the line behind it, from 1.
    pub(crate) line: u64,
    /// Products or orders before it, good and bad.
    pub(crate) items: u64,
    /// Rows before it: in CSV an order has several.
    pub(crate) rows: u64,
}

/// One product or order, or what is wrong with it.
pub(crate) struct Item<R> {
    pub(crate) row: Result<Ready<R>, Vec<RowError>>,
    /// Where the next one begins.
    pub(crate) offset: u64,
    pub(crate) line: u64,
    /// How many rows it is of.
    pub(crate) rows: u64,
}

/// A row that can be sent.
pub(crate) struct Ready<R> {
    pub(crate) row: R,
    /// SKU or external id.
    pub(crate) key: String,
    /// Keys of rows that must have been acknowledged before this one is sent.
    pub(crate) needs: Vec<String>,
    pub(crate) origin: Origin,
    /// Roughly how many bytes it is on the wire.
    pub(crate) size: usize,
}

/// Where a row stands in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// All of it on one line.
    Line(u64),
    /// All of it in one row of CSV, where what a document nests is columns.
    Columns(u64),
    /// Each line of the order on a line of its own.
    Lines(Vec<u64>),
}

impl Origin {
    /// Its first line.
    pub(crate) fn line(&self) -> u64 {
        match self {
            Self::Line(line) | Self::Columns(line) => *line,
            Self::Lines(lines) => lines.first().copied().unwrap_or_default(),
        }
    }
}

impl<R> Ready<R> {
    /// Turns a refusal by the service into an error of the line that it is about.
    pub(crate) fn refused(&self, field: &str, code: &str, reason: &str) -> RowError {
        let (line, field) = match &self.origin {
            Origin::Line(line) => (*line, field),
            Origin::Columns(line) => (*line, field.strip_prefix("price.").unwrap_or(field)),
            Origin::Lines(lines) => indexed(field)
                .and_then(|(index, rest)| Some((*lines.get(index)?, rest)))
                .unwrap_or_else(|| (self.origin.line(), field)),
        };
        RowError {
            line,
            key: self.key.clone(),
            field: field.to_owned(),
            code: code.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// Splits `lines[3].sku` into 3 and `sku`.
fn indexed(field: &str) -> Option<(usize, &str)> {
    let (index, rest) = field.strip_prefix("lines[")?.split_once(']')?;
    Some((index.parse().ok()?, rest.strip_prefix('.').unwrap_or(rest)))
}

/// The file beside `path` whose name has `suffix` appended.
pub(crate) fn beside(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(origin: Origin) -> Ready<()> {
        Ready {
            row: (),
            key: "A1".into(),
            needs: Vec::new(),
            origin,
            size: 0,
        }
    }

    #[test]
    fn a_refusal_finds_its_line() {
        let order = ready(Origin::Lines(vec![7, 8, 11]));
        let error = order.refused("lines[2].sku", "unknown", "no such product");
        assert_eq!((error.line, error.field.as_str()), (11, "sku"));
        let error = order.refused("external_id", "already_imported", "differs");
        assert_eq!((error.line, error.field.as_str()), (7, "external_id"));
        let error = order.refused("lines[9].sku", "unknown", "no such product");
        assert_eq!((error.line, error.field.as_str()), (7, "lines[9].sku"));
        let columns = ready(Origin::Columns(5));
        let error = columns.refused("price.currency", "currency_mismatch", "is in GBP");
        assert_eq!((error.line, error.field.as_str()), (5, "currency"));
        let single = ready(Origin::Line(4));
        let error = single.refused("lines[0].sku", "unknown", "no such product");
        assert_eq!((error.line, error.field.as_str()), (4, "lines[0].sku"));
    }
}
