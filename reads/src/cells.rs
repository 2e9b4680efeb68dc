//! Reading a row so that a damaged one is named by table, column and key.

use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row, Type};

use crate::error::Error;

/// The cells of one row of `table`.
pub struct Cells<'r> {
    table: &'static str,
    row: &'r PgRow,
    key: &'static str,
}

impl<'r> Cells<'r> {
    /// `key` is the text column that names the row in the log.
    #[must_use]
    pub fn new(table: &'static str, row: &'r PgRow, key: &'static str) -> Self {
        Self { table, row, key }
    }

    /// The value in `column`.
    pub fn get<T>(&self, column: &'static str) -> Result<T, Error>
    where
        T: Decode<'r, Postgres> + Type<Postgres>,
    {
        self.row
            .try_get(column)
            .map_err(|_| self.damaged(column, std::any::type_name::<T>()))
    }

    /// The number in `column`, which is never negative.
    pub fn count(&self, column: &'static str) -> Result<u64, Error> {
        u64::try_from(self.get::<i64>(column)?).map_err(|_| self.damaged(column, "a number from 0 on"))
    }

    /// The error of a cell that is not `expected`.
    #[must_use]
    pub fn damaged(&self, column: &'static str, expected: &'static str) -> Error {
        Error::BadRow {
            table: self.table,
            column,
            row: self.row.try_get(self.key).unwrap_or_default(),
            expected,
        }
    }
}
