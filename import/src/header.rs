//! The first line of a CSV file.

use files::read::Record;

use super::error::{Error, FieldError};
use super::field;

/// Where each column stands.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    names: Vec<String>,
}

impl Header {
    /// Reads the header and compares it with a schema.
    pub(crate) fn read(
        record: &Record,
        required: &[&str],
        optional: &[&str],
        prefix: Option<&str>,
    ) -> Result<Self, Error> {
        if let Some(malformed) = record.malformed {
            return Err(Error::Header(format!(
                "the header cannot be read: {}",
                malformed.reason()
            )));
        }
        let mut names = Vec::with_capacity(record.len());
        for index in 0..record.len() {
            let name = field::text("", record.get(index).unwrap_or_default())
                .map_err(|error| Error::Header(format!("the header cannot be read: {}", error.reason)))?;
            let shown: String = name.escape_debug().take(80).collect();
            let known = required.contains(&name)
                || optional.contains(&name)
                || prefix.is_some_and(|prefix| {
                    name.strip_prefix(prefix)
                        .is_some_and(|key| domain::AttributeKey::new(key).is_ok())
                });
            if !known {
                let columns = [required, optional].concat().join(", ");
                return Err(Error::Header(format!(
                    "unknown column \"{shown}\"; the columns are: {columns}"
                )));
            }
            if names.iter().any(|before| before == name) {
                return Err(Error::Header(format!("the column {shown} stands twice")));
            }
            names.push(name.to_owned());
        }
        let missing: Vec<_> = required
            .iter()
            .filter(|column| !names.iter().any(|name| name == *column))
            .copied()
            .collect();
        if !missing.is_empty() {
            return Err(Error::Header(format!("missing columns: {}", missing.join(", "))));
        }
        Ok(Self { names })
    }

    /// The place of a column.
    pub(crate) fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| column == name)
    }

    /// A field by the name of its column; empty when there is no such column.
    pub(crate) fn text<'a>(&self, record: &'a Record, name: &'static str) -> Result<&'a str, FieldError> {
        let Some(index) = self.index(name) else {
            return Ok("");
        };
        field::text(name, record.get(index).unwrap_or_default())
    }

    /// The columns whose names begin so.
    pub(crate) fn prefixed<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, usize)> {
        self.names
            .iter()
            .enumerate()
            .filter(move |(_, name)| name.starts_with(prefix))
            .map(|(index, name)| (name.as_str(), index))
    }

    /// Checks that a record has the header's shape.
    pub(crate) fn check(&self, record: &Record) -> Result<(), FieldError> {
        if let Some(malformed) = record.malformed {
            return Err(FieldError::new("", malformed.code(), malformed.reason()));
        }
        if record.len() != self.names.len() {
            return Err(FieldError::new(
                "",
                "wrong_field_count",
                format!("the row has {} fields, the header {}", record.len(), self.names.len()),
            ));
        }
        Ok(())
    }

    /// What identifies a record, as far as it can be read.
    pub(crate) fn key(&self, record: &Record, name: &str) -> Option<String> {
        let bytes = record.get(self.index(name)?)?;
        let text = field::text(name, bytes).ok()?;
        (!text.is_empty()).then(|| text.chars().take(128).collect())
    }
}
