//! The stock of one product.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use proto::v1::{GetStockReply, GetStockRequest};
use reads::Reads;

use super::level;
use crate::cells::Cells;
use crate::error::Error;

/// A product that never had stock has zeros; one that does not exist, or is hidden from who asks, has no row.
static SELECT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT p.id, {}, s.updated_at
FROM products p LEFT JOIN stock s ON s.product_id = p.id
WHERE p.id = $1 AND ($2 OR (p.status = 'active' AND p.deleted_at IS NULL))",
        level::COLUMNS
    )
});

pub(super) async fn get(query: &Reads, request: GetStockRequest) -> Result<GetStockReply, Error> {
    let (id, include_hidden) = (request.product_id.as_str(), request.include_hidden);
    let read = |pool: sqlx::PgPool| async move {
        let row = sqlx::query(&SELECT)
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
    let updated_at: Option<DateTime<Utc>> = cells.get("updated_at")?;
    Ok(GetStockReply {
        product_id: request.product_id,
        level: Some(level::read(&cells)?),
        updated_at_micros: updated_at.map(|time| time.timestamp_micros()),
        freshness: Some(freshness),
    })
}
