//! A line of the sales report as PostgreSQL adds it up.

use proto::v1::SalesRow;
use sqlx::postgres::PgRow;

use crate::cells::Cells;
use crate::error::Error;

/// The sums of one group in one period.
pub(super) struct SumsRow {
    /// Counted from 1; 0: a total over all periods.
    pub(super) period: i32,
    pub(super) row: SalesRow,
}

impl SumsRow {
    pub(super) fn read(row: &PgRow) -> Result<Self, Error> {
        let cells = Cells::new("sales", row, "key");
        let text = |column| cells.get::<Option<String>>(column).map(Option::unwrap_or_default);
        Ok(Self {
            period: cells.get("period")?,
            row: SalesRow {
                period: String::new(),
                key: cells.get("key")?,
                label: text("label")?,
                name: text("name")?,
                currency: cells.get("currency")?,
                orders: cells.get("orders")?,
                units: cells.get("units")?,
                gross: cells.get("gross")?,
                credits: cells.get("credits")?,
                credited_units: cells.get("credited_units")?,
                net: cells.get("net")?,
            },
        })
    }
}
