//! The stock of one product.

use chrono::{DateTime, Utc};
use proto::v1::{GetStockReply, GetStockRequest, StockLevel};
use reads::Reads;

use crate::cells::Cells;
use crate::error::Error;

/// A product that never had stock has zeros; one that does not exist, or is hidden from who asks, has no row.
const SELECT: &str = "\
SELECT p.id, coalesce(s.on_hand, 0) AS on_hand, coalesce(s.reserved, 0) AS reserved, coalesce(s.version, 0) AS version,
    s.updated_at
FROM products p LEFT JOIN stock s ON s.product_id = p.id
WHERE p.id = $1 AND ($2 OR (p.status = 'active' AND p.deleted_at IS NULL))";

pub(super) async fn get(query: &Reads, request: GetStockRequest) -> Result<GetStockReply, Error> {
    let (id, include_hidden) = (request.product_id.as_str(), request.include_hidden);
    let read = |pool: sqlx::PgPool| async move {
        let row = sqlx::query(SELECT)
            .bind(id)
            .bind(include_hidden)
            .fetch_optional(&pool)
            .await?;
        row.ok_or_else(|| Error::NotFound {
            what: "product",
            id: id.to_owned(),
        })
    };
    let (row, freshness) = query.read(request.context.as_ref(), super::MODELS, read).await?;
    let cells = Cells::new("stock", &row, "id");
    let on_hand: i64 = cells.get("on_hand")?;
    let reserved: i64 = cells.get("reserved")?;
    let updated_at: Option<DateTime<Utc>> = cells.get("updated_at")?;
    Ok(GetStockReply {
        product_id: request.product_id,
        level: Some(StockLevel {
            on_hand,
            reserved,
            available: on_hand.saturating_sub(reserved),
            version: cells.count("version")?,
        }),
        updated_at_micros: updated_at.map(|time| time.timestamp_micros()),
        freshness: Some(freshness),
    })
}
