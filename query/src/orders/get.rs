//! One order.

use proto::v1::{GetOrderReply, GetOrderRequest};
use sqlx::QueryBuilder;

use super::MODELS;
use super::row::{OrderRow, SELECT};
use crate::Query;
use crate::error::Error;

pub(super) async fn get(query: &Query, request: GetOrderRequest) -> Result<GetOrderReply, Error> {
    let freshness = query.fresh(request.context.as_ref(), MODELS).await?;
    let mut sql = QueryBuilder::new(SELECT);
    sql.push("id = ").push_bind(&request.id);
    let row = sql.build().fetch_optional(query.pool()).await?;
    let row = row.map(|row| OrderRow::read(&row)).transpose()?;
    let scope = request.only_customer_id.as_str();
    match row.filter(|row| scope.is_empty() || row.customer_id() == scope) {
        Some(row) => Ok(GetOrderReply {
            order: Some(row.into()),
            freshness: Some(freshness),
        }),
        None => Err(Error::NotFound {
            what: "order",
            id: request.id,
        }),
    }
}
