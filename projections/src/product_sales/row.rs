use sqlx::postgres::PgRow;

use crate::row::{Row, Sink};
use crate::table::{Column, Table, Type};

/// The units of a product.
pub(crate) struct Units {
    pub(crate) product_id: String,
    pub(crate) sold: i64,
    pub(crate) taken_back: i64,
}

impl Row for Units {
    const TABLE: &'static Table = &Table {
        view: "product_sales",
        columns: &[
            Column::new("product_id", Type::Key),
            Column::new("sold", Type::BigInt),
            Column::new("taken_back", Type::BigInt),
        ],
        key: "product_id",
        indexes: &[],
        fillfactor: 75,
    };

    fn write(&self, sink: &mut impl Sink) {
        sink.text(Some(&self.product_id));
        sink.bigint(Some(self.sold));
        sink.bigint(Some(self.taken_back));
    }

    // Sums are only ever added to, never read back.
    fn read(_row: &PgRow) -> Result<Self, sqlx::Error> {
        Err(sqlx::Error::RowNotFound)
    }
}
