//! Products by their ids.

use proto::v1::{GetProductsReply, GetProductsRequest};
use reads::Reads;
use sqlx::QueryBuilder;

use super::MODELS;
use super::row::{ProductRow, SELECT};
use crate::batch;
use crate::error::Error;

pub(super) async fn get_many(query: &Reads, request: GetProductsRequest) -> Result<GetProductsReply, Error> {
    batch::check(&request.ids)?;
    let ids = request.ids.as_slice();
    let read = |pool: sqlx::PgPool| async move {
        let mut sql = QueryBuilder::new(SELECT.as_str());
        sql.push("p.id = ANY(").push_bind(ids).push(")");
        let rows = sql.build().fetch_all(&pool).await?;
        rows.iter().map(ProductRow::read).collect::<Result<Vec<_>, _>>()
    };
    let (rows, freshness) = query.read(request.context.as_ref(), MODELS, read).await?;
    let shown = rows
        .into_iter()
        .filter(|row| request.include_hidden || !row.is_hidden());
    Ok(GetProductsReply {
        products: shown.map(Into::into).collect(),
        freshness: Some(freshness),
    })
}
