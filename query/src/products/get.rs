//! One product with its stock.

use proto::v1::{GetProductReply, GetProductRequest};
use sqlx::QueryBuilder;

use super::MODELS;
use super::row::{ProductRow, SELECT};
use crate::Query;
use crate::error::Error;

pub(super) async fn get(query: &Query, request: GetProductRequest) -> Result<GetProductReply, Error> {
    let freshness = query.fresh(request.context.as_ref(), MODELS).await?;
    let mut sql = QueryBuilder::new(SELECT);
    sql.push("p.id = ").push_bind(&request.id);
    let row = sql.build().fetch_optional(query.pool()).await?;
    let row = row.map(|row| ProductRow::read(&row)).transpose()?;
    match row.filter(|row| request.include_hidden || !row.is_hidden()) {
        Some(row) => Ok(GetProductReply {
            product: Some(row.into()),
            freshness: Some(freshness),
        }),
        None => Err(Error::NotFound {
            what: "product",
            id: request.id,
        }),
    }
}
