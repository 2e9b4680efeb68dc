//! What a row is, and the macro that spells one.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::cell::Cell;
use crate::sink::Sink;
use crate::table::Table;

/// A row of a read model, as it is written.
pub trait Row: Sized + Send + Sync + 'static {
    /// Its table.
    const TABLE: &'static Table;

    /// Hands over the values, one per column, in their order.
    fn write(&self, sink: &mut impl Sink);
}

/// A row that can be read as it was written.
pub trait ReadRow: Row {
    /// Takes the cells, one per field, in their order.
    fn read(cells: &mut Cells<'_>) -> Result<Self, BadRow>;

    /// Reads all columns, in their order.
    fn whole(row: &PgRow) -> Result<Self, BadRow> {
        Self::read(&mut Cells::new(Self::TABLE, row, true))
    }

    /// Reads the columns of [`Table::shown`], which the row begins with; the others are empty.
    fn shown(row: &PgRow) -> Result<Self, BadRow> {
        Self::read(&mut Cells::new(Self::TABLE, row, false))
    }
}

/// The cells of a row, from the first one on.
pub struct Cells<'r> {
    table: &'static Table,
    row: &'r PgRow,
    whole: bool,
    next: usize,
}

impl<'r> Cells<'r> {
    fn new(table: &'static Table, row: &'r PgRow, whole: bool) -> Self {
        Self {
            table,
            row,
            whole,
            next: 0,
        }
    }

    /// The next cell.
    pub fn next<C: Cell>(&mut self, column: &'static str) -> Result<C, BadRow> {
        let cell = C::get(self.row, self.next).map_err(|source| BadRow {
            table: self.table.view,
            column,
            row: self.row.try_get(0).unwrap_or_default(),
            expected: std::any::type_name::<C>(),
            source,
        });
        self.next += 1;
        cell
    }

    /// The next cell, if columns that readers are not shown are read too.
    pub fn hidden<C: Cell + Default>(&mut self, column: &'static str) -> Result<C, BadRow> {
        if self.whole {
            self.next(column)
        } else {
            Ok(C::default())
        }
    }
}

/// A row holds what it never should.
#[derive(Debug, thiserror::Error)]
#[error("the column {column} of the row {row} of {table} cannot be read")]
pub struct BadRow {
    /// The view.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row's first column.
    pub row: String,
    /// The type of what should stand there.
    pub expected: &'static str,
    /// What is wrong.
    #[source]
    pub source: sqlx::Error,
}

impl From<BadRow> for sqlx::Error {
    fn from(bad: BadRow) -> Self {
        Self::Decode(Box::new(bad))
    }
}

/// Spells a row: its struct, its table, how it is written and how it is read. The crate's page shows one.
#[macro_export]
macro_rules! row {
    (@read $cells:ident, $field:ident sought) => { $cells.hidden(stringify!($field)) };
    (@read $cells:ident, $field:ident internal) => { $cells.hidden(stringify!($field)) };
    (@read $cells:ident, $field:ident $($option:ident)*) => { $cells.next(stringify!($field)) };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident $(<$content:ident>)? {
            $($(#[$about:meta])* $seen:vis $field:ident: $ty:ty $(as $($option:ident)+)?,)+
        }
        table $view:literal, key $key:literal, fill $fill:literal;
        $(index $suffix:ident $definition:literal;)*
    ) => {
        $(#[$meta])*
        $vis struct $name $(<$content>)? {
            $($(#[$about])* $seen $field: $ty,)+
        }

        impl $(<$content: $crate::Cell + Send + Sync + 'static>)? $crate::Row for $name $(<$content>)? {
            const TABLE: &'static $crate::Table = &$crate::Table {
                view: $view,
                columns: &[$($crate::Column::of::<$ty>(stringify!($field))$($(.$option())+)?,)+],
                key: $key,
                indexes: &[$($crate::Index { suffix: stringify!($suffix), definition: $definition },)*],
                fillfactor: $fill,
            };

            fn write(&self, sink: &mut impl $crate::Sink) {
                $($crate::Cell::put(Some(&self.$field), sink);)+
            }
        }

        impl $(<$content: $crate::Cell + Send + Sync + 'static>)? $crate::ReadRow for $name $(<$content>)? {
            fn read(cells: &mut $crate::Cells<'_>) -> Result<Self, $crate::BadRow> {
                Ok(Self { $($field: $crate::row!(@read cells, $field $($($option)+)?)?,)+ })
            }
        }
    };
}

#[cfg(test)]
mod tests;
