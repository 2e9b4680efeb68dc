//! A line of the sales report as PostgreSQL adds it up.

use proto::v1::SalesRow;
use reads::cells::Cells;
use reads::error::Error;
use sqlx::postgres::PgRow;

/// The sums of one group in one span of time.
pub(super) struct SumsRow {
    /// Whether it is a total over all groups.
    pub(super) total: bool,
    /// The number of the span.
    pub(super) period: i32,
    pub(super) row: SalesRow,
}

impl SumsRow {
    /// Reads the sums from these columns, which are in the order of [`TOTALS`](super::totals::TOTALS).
    pub(super) fn read(row: &PgRow, columns: &[&'static str; 13]) -> Result<Self, Error> {
        let cells = Cells::new("sales", row, "key");
        let text = |column| cells.get::<Option<String>>(column).map(Option::unwrap_or_default);
        let mut sums = [0_i64; 13];
        for (sum, column) in sums.iter_mut().zip(*columns) {
            *sum = cells.get(column)?;
        }
        let [
            orders,
            units,
            gross,
            discounts,
            tax,
            credits,
            credited_units,
            by_type @ ..,
        ] = sums;
        let [
            new_orders,
            new_net,
            returning_orders,
            returning_net,
            guest_orders,
            guest_net,
        ] = by_type;
        Ok(Self {
            total: cells.get("total")?,
            period: cells.get("period")?,
            row: SalesRow {
                key: cells.get("key")?,
                label: text("label")?,
                name: text("name")?,
                currency: cells.get("currency")?,
                orders,
                units,
                gross,
                credits,
                credited_units,
                net: gross.saturating_sub(discounts).saturating_sub(credits),
                discounts,
                tax,
                new_orders,
                returning_orders,
                guest_orders,
                new_net,
                returning_net,
                guest_net,
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
