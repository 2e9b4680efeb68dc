//! One order as of a moment.

use proto::v1::{OrderAsOfReply, OrderAsOfRequest};

use super::HistoryService;
use super::Look;
use crate::error::Error;
use crate::orders::OrderRow;

pub(super) async fn as_of(query: &HistoryService, request: OrderAsOfRequest) -> Result<OrderAsOfReply, Error> {
    let OrderAsOfRequest {
        context,
        as_of,
        id,
        only_customer_id,
    } = request;
    query.reads.fresh(context.as_ref(), &["orders"]).await?;
    let look = Look::at(query, "order", &id, as_of).await?;
    if !only_customer_id.is_empty() && !belongs(query, &id, &only_customer_id).await? {
        return Err(look.not_found());
    }
    let row = sqlx::query(&format!(
        "SELECT {} FROM jsonb_populate_record(NULL::orders, $1::jsonb)",
        OrderRow::columns()
    ))
    .bind(look.row("order").await?)
    .fetch_one(query.reads.pool())
    .await?;
    Ok(OrderAsOfReply {
        moment: Some(look.moment()),
        order: Some(OrderRow::read(&row)?.into()),
    })
}

/// Whose order it is never changes.
async fn belongs(query: &HistoryService, id: &str, customer_id: &str) -> Result<bool, Error> {
    let theirs = sqlx::query_scalar("SELECT EXISTS (SELECT FROM orders WHERE id = $1 AND customer_id = $2)")
        .bind(id)
        .bind(customer_id)
        .fetch_one(query.reads.pool())
        .await?;
    Ok(theirs)
}
