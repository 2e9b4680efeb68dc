//! One product with its stock.

use proto::v1::{GetProductReply, GetProductRequest};
use reads::Reads;

use super::MODELS;
use super::row::{ProductRow, SELECT};
use crate::error::Error;
use crate::read_at;

pub(super) async fn get(query: &Reads, request: GetProductRequest) -> Result<GetProductReply, Error> {
    let lane = query.lane_of(&request.id).await?;
    let (id, include_hidden) = (request.id.as_str(), request.include_hidden);
    let read = |pool: sqlx::PgPool| async move {
        let mut sql = read_at::begin();
        sql.push(SELECT.as_str()).push("p.id = ").push_bind(id);
        read_at::end(&mut sql, id, lane, MODELS);
        let row = sql.build().fetch_optional(&pool).await?;
        let row = row
            .map(|row| Ok::<_, Error>((ProductRow::read(&row)?, read_at::read("products", &row, lane, MODELS)?)))
            .transpose()?;
        row.filter(|(row, _)| include_hidden || !row.is_hidden())
            .ok_or_else(|| Error::NotFound {
                what: "product",
                id: id.to_owned(),
            })
    };
    let ((row, read_at), freshness) = query.read(request.context.as_ref(), MODELS, read).await?;
    Ok(GetProductReply {
        product: Some(row.into()),
        freshness: Some(freshness),
        read_at,
    })
}
