//! `GET /v1/orders/{id}`

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::v1;

use super::view::OrderView;
use crate::{
    as_of::{self, AsOfParam},
    auth::Caller,
    call::{CALL, ask, timed},
    consistency::Freshly,
    edge::Edge,
    id::OrderId,
    params::Params,
    problem::Problem,
    reply::Reply,
};

/// Reads an order
///
/// Customers see their own; another's does not exist for them.
#[utoipa::path(get, path = "/v1/orders/{id}", tag = "orders", security(("bearer" = [])),
    params(("id" = String, Path, description = "Id of the order"), AsOfParam),
    responses((status = 200, description = "The order", body = OrderView)))]
pub(crate) async fn read_order(
    State(edge): State<Edge>,
    Caller(caller): Caller,
    OrderId(id): OrderId,
    Params(AsOfParam { as_of }): Params<AsOfParam>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    if let Some(as_of) = as_of {
        return as_of::order(&edge, context, as_of, id, super::only_customer(&caller)).await;
    }
    let request = v1::GetOrderRequest {
        context: Some(context),
        id,
        only_customer_id: super::only_customer(&caller),
    };
    let reply = ask(CALL, edge.order_query().get_order(timed(CALL, request)))
        .await
        .map_err(|failure| Problem::of_read(failure).missing("order_not_found"))?;
    let order = reply.order.ok_or_else(Problem::internal)?;
    let version = order.version;
    Ok(Reply::json(StatusCode::OK, &OrderView::from(order))
        .version(version)
        .freshness(reply.freshness)
        .into())
}
