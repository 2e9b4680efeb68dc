//! The stock of one product as of a moment.

use chrono::{DateTime, Utc};
use proto::v1::{StockAsOfReply, StockAsOfRequest};

use super::HistoryService;
use super::Look;
use crate::cells::Cells;
use crate::error::Error;
use crate::products::is_visible;
use crate::stock::level;

/// What the live read selects, from rows that come as JSON.
const FROM: &str = "\
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
    let row = sqlx::query(&format!(
        "SELECT p.id, {}, s.updated_at, p.status = 'active' AND p.deleted_at IS NULL AS shown {FROM}",
        level::COLUMNS
    ))
    .bind(product)
    .bind(stock)
    .fetch_one(query.reads.pool())
    .await?;
    let cells = Cells::new("stock", &row, "id");
    if !include_hidden && !cells.get::<bool>("shown")? {
        return Err(look.not_found());
    }
    let updated_at: Option<DateTime<Utc>> = cells.get("updated_at")?;
    Ok(StockAsOfReply {
        moment: Some(look.moment()),
        level: Some(level::read(&cells)?),
        updated_at_micros: updated_at.map(|time| time.timestamp_micros()),
        product_id: product_id.clone(),
    })
}
