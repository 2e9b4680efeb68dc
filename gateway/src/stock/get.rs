//! `GET /v1/products/{id}/stock`

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::v1;

use super::StockView;
use crate::{
    as_of::{self, AsOfParam},
    auth::Visitor,
    call::{CALL, ask, timed},
    consistency::Freshly,
    edge::Edge,
    endpoint::{Described, Endpoint, Permission, routes},
    id::ProductId,
    params::Params,
    problem::Problem,
    reply::Reply,
};

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::ProductsRead)
        .versioned()
        .as_of()
        .expands(super::EXPANSIONS)
        .refuses(&["not_created_yet", "product_not_found"])
        .handler(routes!(read_stock))
}

/// Reads the stock of a product
///
/// Of active products for everybody, of hidden ones for administrators.
#[utoipa::path(get, path = "/v1/products/{id}/stock", tag = "stock",
    params(("id" = String, Path, description = "Id of the product")),
    responses((status = 200, description = "The stock", body = StockView)))]
pub(crate) async fn read_stock(
    State(edge): State<Edge>,
    Visitor(visitor): Visitor,
    ProductId(product_id): ProductId,
    Params(AsOfParam { as_of }): Params<AsOfParam>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    let include_hidden = visitor.is_some_and(|visitor| visitor.may(Permission::ProductsWrite));
    if let Some(as_of) = as_of {
        return as_of::stock(&edge, context, as_of, product_id, include_hidden).await;
    }
    let request = v1::GetStockRequest {
        context: Some(context),
        product_id,
        include_hidden,
    };
    let reply = ask(CALL, edge.stock_query().get_stock(timed(CALL, request)))
        .await
        .map_err(|failure| Problem::of_read(failure).missing("product_not_found"))?;
    let view = StockView::new(reply.product_id, reply.level, reply.updated_at_micros);
    let version = view.version;
    Ok(Reply::json(StatusCode::OK, &view)
        .version(version)
        .freshness(reply.freshness)
        .into())
}
