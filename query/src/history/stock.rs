//! The stock of one product, as it stood.

use chrono::{DateTime, Utc};
use proto::v1::{StockAsOfReply, StockAsOfRequest, StockLevel};

use super::HistoryService;
use super::Look;
use crate::cells::Cells;
use crate::error::Error;
use crate::products::is_visible;

/// What the live read selects, from rows that come as JSON.
const SELECT: &str = "\
SELECT p.id, coalesce(s.on_hand, 0) AS on_hand, coalesce(s.reserved, 0) AS reserved, coalesce(s.version, 0) AS version,
    s.updated_at, p.status = 'active' AND p.deleted_at IS NULL AS shown
FROM jsonb_populate_record(NULL::products, $1::jsonb) p
LEFT JOIN jsonb_populate_record(NULL::stock, $2::jsonb) s ON s.product_id = p.id";

pub(super) async fn as_of(query: &HistoryService, request: StockAsOfRequest) -> Result<StockAsOfReply, Error> {
    let StockAsOfRequest {
        context,
        as_of,
        product_id,
        include_hidden,
    } = request;
    query.reads.fresh(context.as_ref(), &["products"]).await?;
    let look = Look::at(query, "product", &product_id, as_of).await?;
    if !include_hidden && !is_visible(&query.reads, &product_id).await? {
        return Err(look.not_found());
    }
    let product = look.row("product").await?;
    let stock = look.part("stock").await?;
    let row = sqlx::query(SELECT)
        .bind(product)
        .bind(stock)
        .fetch_one(query.reads.pool())
        .await?;
    let cells = Cells::new("stock", &row, "id");
    if !include_hidden && !cells.get::<bool>("shown")? {
        return Err(look.not_found());
    }
    let on_hand: i64 = cells.get("on_hand")?;
    let reserved: i64 = cells.get("reserved")?;
    let updated_at: Option<DateTime<Utc>> = cells.get("updated_at")?;
    let level = StockLevel {
        on_hand,
        reserved,
        available: on_hand.saturating_sub(reserved),
        version: cells.count("version")?,
    };
    Ok(StockAsOfReply {
        moment: Some(look.moment()),
        level: Some(level),
        updated_at_micros: updated_at.map(|time| time.timestamp_micros()),
        product_id: product_id.clone(),
    })
}
