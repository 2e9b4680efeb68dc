//! A row as JSON: one member per column, as PostgreSQL would make it of the table's row.

use chrono::{DateTime, SecondsFormat, Utc};
use rows::{Row, Sink, Table};
use serde_json::{Map, Value};

/// The columns of a row.
pub(crate) type Columns = Map<String, Value>;

/// The columns of `row`.
pub(crate) fn columns<R: Row>(row: &R) -> Columns {
    let mut filling = Filling {
        table: R::TABLE,
        columns: Columns::new(),
    };
    row.write(&mut filling);
    filling.columns
}

struct Filling {
    table: &'static Table,
    columns: Columns,
}

impl Filling {
    fn put(&mut self, value: Value) {
        if let Some(column) = self.table.columns.get(self.columns.len()) {
            self.columns.insert(column.name.to_owned(), value);
        }
    }
}

impl Sink for Filling {
    fn text(&mut self, value: Option<&str>) {
        self.put(value.into());
    }

    fn texts(&mut self, values: Option<&[String]>) {
        self.put(values.into());
    }

    fn bigint(&mut self, value: Option<i64>) {
        self.put(value.into());
    }

    fn time(&mut self, value: Option<DateTime<Utc>>) {
        self.put(
            value
                .map(|time| time.to_rfc3339_opts(SecondsFormat::Micros, true))
                .into(),
        );
    }

    fn json(&mut self, value: Option<&str>) {
        // Rows hold JSON that was written as such.
        self.put(
            value
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default(),
        );
    }
}
