//! A line of the sales report as PostgreSQL adds it up.

use proto::v1::SalesRow;
use sqlx::postgres::PgRow;

use crate::cells::Cells;
use crate::error::Error;

/// The sums of one group in one span of time.
pub(super) struct SumsRow {
    /// Whether it is a total over all groups.
    pub(super) total: bool,
    /// The number of the span.
    pub(super) period: i32,
    pub(super) row: SalesRow,
}

impl SumsRow {
    pub(super) fn read(row: &PgRow) -> Result<Self, Error> {
        let cells = Cells::new("sales", row, "key");
        let text = |column| cells.get::<Option<String>>(column).map(Option::unwrap_or_default);
        let (gross, discounts, credits) = (cells.get("gross")?, cells.get("discounts")?, cells.get("credits")?);
        let net = i64::saturating_sub(gross, discounts).saturating_sub(credits);
        Ok(Self {
            total: cells.get("total")?,
            period: cells.get("period")?,
            row: SalesRow {
                key: cells.get("key")?,
                label: text("label")?,
                name: text("name")?,
                currency: cells.get("currency")?,
                orders: cells.get("orders")?,
                units: cells.get("units")?,
                gross,
                credits,
                credited_units: cells.get("credited_units")?,
                net,
                discounts,
                tax: cells.get("tax")?,
                new_orders: cells.get("new_orders")?,
                returning_orders: cells.get("returning_orders")?,
                guest_orders: cells.get("guest_orders")?,
                new_net: cells.get("new_net")?,
                returning_net: cells.get("returning_net")?,
                guest_net: cells.get("guest_net")?,
                other: cells.get("other")?,
                ..SalesRow::default()
            },
        })
    }
}

/// Nothing, in a currency.
pub(super) fn zeros(currency: &str) -> SalesRow {
    SalesRow {
        currency: currency.to_owned(),
        ..SalesRow::default()
    }
}
