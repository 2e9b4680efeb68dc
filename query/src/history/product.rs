//! One product with its stock as of a moment.

use proto::v1::{ProductAsOfReply, ProductAsOfRequest};

use super::HistoryService;
use super::Look;
use crate::error::Error;
use crate::products::{ProductRow, is_visible};

/// What the live read selects, from rows that come as JSON.
const FROM: &str = "\
FROM jsonb_populate_record(NULL::products, $1::jsonb) p
LEFT JOIN jsonb_populate_record(NULL::stock, $2::jsonb) s ON s.product_id = p.id";

pub(super) async fn as_of(query: &HistoryService, request: ProductAsOfRequest) -> Result<ProductAsOfReply, Error> {
    let ProductAsOfRequest {
        context,
        as_of,
        id,
        include_hidden,
    } = request;
    query.reads.fresh(context.as_ref(), &["products"]).await?;
    let look = Look::at(query, "product", &id, as_of).await?;
    if !include_hidden && !is_visible(&query.reads, &id).await? {
        return Err(look.not_found());
    }
    let product = look.row("product").await?;
    let stock = look.part("stock").await?;
    let row = sqlx::query(&format!("SELECT {} {FROM}", ProductRow::columns()))
        .bind(product)
        .bind(stock)
        .fetch_one(query.reads.pool())
        .await?;
    let row = ProductRow::read(&row)?;
    if !include_hidden && row.is_hidden() {
        return Err(look.not_found());
    }
    Ok(ProductAsOfReply {
        moment: Some(look.moment()),
        product: Some(row.into()),
    })
}
