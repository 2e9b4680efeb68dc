//! The level of a product's stock.

use proto::v1::StockLevel;

use crate::cells::Cells;
use crate::error::Error;

/// What [`read`] takes, from a stock `s` that is joined to its product: zeros when it never had any.
pub(crate) const COLUMNS: &str =
    "coalesce(s.on_hand, 0) AS on_hand, coalesce(s.reserved, 0) AS reserved, coalesce(s.version, 0) AS stock_version";

/// The level in these cells.
pub(crate) fn read(cells: &Cells<'_>) -> Result<StockLevel, Error> {
    let on_hand: i64 = cells.get("on_hand")?;
    let reserved: i64 = cells.get("reserved")?;
    Ok(StockLevel {
        on_hand,
        reserved,
        available: on_hand.saturating_sub(reserved),
        version: cells.count("stock_version")?,
    })
}
