//! `GET /v1/products/{id}`

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::v1;

use super::view::ProductView;
use crate::{
    as_of::{self, AsOfParam},
    auth::Visitor,
    call::{CALL, ask, timed},
    consistency::Freshly,
    edge::Edge,
    id::ProductId,
    params::Params,
    problem::Problem,
    reply::Reply,
};

/// Reads a product
///
/// Active products are public; administrators also see drafts, archived and deleted ones. The `ETag` is the version that
/// `If-Match` of a write expects; the stock in the answer changes without it.
#[utoipa::path(get, path = "/v1/products/{id}", tag = "products", security((), ("bearer" = [])),
    params(("id" = String, Path, description = "Id of the product"), AsOfParam),
    responses((status = 200, description = "The product", body = ProductView)))]
pub(crate) async fn read_product(
    State(edge): State<Edge>,
    Visitor(visitor): Visitor,
    ProductId(id): ProductId,
    Params(AsOfParam { as_of }): Params<AsOfParam>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    let include_hidden = visitor.is_some_and(|visitor| visitor.is_admin());
    if let Some(as_of) = as_of {
        return as_of::product(&edge, context, as_of, id, include_hidden).await;
    }
    let request = v1::GetProductRequest {
        context: Some(context),
        id,
        include_hidden,
    };
    let reply = ask(CALL, edge.product_query().get_product(timed(CALL, request)))
        .await
        .map_err(|failure| Problem::of_read(failure).missing("product_not_found"))?;
    let product = reply.product.ok_or_else(Problem::internal)?;
    let version = product.version;
    Ok(Reply::json(StatusCode::OK, &ProductView::from(product))
        .version(version)
        .freshness(reply.freshness)
        .into())
}
