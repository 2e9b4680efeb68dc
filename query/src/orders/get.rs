//! One order.

use proto::v1::{GetOrderReply, GetOrderRequest};
use reads::Reads;

use super::MODELS;
use super::row::{OrderRow, SELECT};
use crate::error::Error;
use crate::read_at;

pub(super) async fn get(query: &Reads, request: GetOrderRequest) -> Result<GetOrderReply, Error> {
    let lane = query.lane_of(&request.id).await?;
    let (id, scope) = (request.id.as_str(), request.only_customer_id.as_str());
    let read = |pool: sqlx::PgPool| async move {
        let mut sql = read_at::begin();
        sql.push(SELECT.as_str()).push("id = ").push_bind(id);
        read_at::end(&mut sql, id, lane, MODELS);
        let row = sql.build().fetch_optional(&pool).await?;
        let row = row
            .map(|row| Ok::<_, Error>((OrderRow::read(&row)?, read_at::read("orders", &row, lane, MODELS)?)))
            .transpose()?;
        row.filter(|(row, _)| scope.is_empty() || row.customer_id() == scope)
            .ok_or_else(|| Error::NotFound {
                what: "order",
                id: id.to_owned(),
            })
    };
    let ((row, read_at), freshness) = query.read(request.context.as_ref(), MODELS, read).await?;
    Ok(GetOrderReply {
        order: Some(row.into()),
        freshness: Some(freshness),
        read_at,
    })
}
