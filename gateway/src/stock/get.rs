//! `GET /v1/products/{id}/stock`

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::v1;

use super::StockView;
use crate::{
    app_state::AppState,
    as_of::{self, AsOfParam},
    auth::Visitor,
    call::{CALL, ask, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    id::ProductId,
    params::Params,
    problem::Problem,
    reply::Reply,
};

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::ProductsRead)
        .versioned()
        .with_as_of()
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
    State(app): State<AppState>,
    Visitor(visitor): Visitor,
    ProductId(product_id): ProductId,
    Params(AsOfParam { as_of }): Params<AsOfParam>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    let include_hidden = visitor.is_some_and(|visitor| visitor.may(Permission::ProductsWrite));
    if let Some(as_of) = as_of {
        return past_stock(&app, context, as_of, product_id, include_hidden).await;
    }
    let request = v1::GetStockRequest {
        context: Some(context),
        product_id,
        include_hidden,
    };
    let reply = ask(CALL, app.stock_query().get_stock(timed(CALL, request)))
        .await
        .map_err(|failure| Problem::of_read(failure).missing("product_not_found"))?;
    let view = StockView::new(reply.product_id, reply.level, reply.updated_at_micros);
    let version = view.version;
    Ok(Reply::json(StatusCode::OK, &view)
        .version(version)
        .freshness(reply.freshness)
        .into())
}

/// The stock of a product as it stood.
async fn past_stock(
    app: &AppState,
    context: v1::ReadContext,
    as_of: v1::AsOf,
    product_id: String,
    include_hidden: bool,
) -> Result<Response, Problem> {
    let request = v1::StockAsOfRequest {
        context: Some(context),
        as_of: Some(as_of),
        product_id,
        include_hidden,
    };
    let reply = ask(CALL, app.history_query().stock_as_of(timed(CALL, request)))
        .await
        .map_err(|failure| as_of::refused(failure, "product_not_found"))?;
    let version = reply.level.as_ref().map(|level| level.version).unwrap_or_default();
    let view = StockView::new(reply.product_id, reply.level, reply.updated_at_micros);
    Ok(as_of::reply(reply.moment, &view).version(version).into())
}
