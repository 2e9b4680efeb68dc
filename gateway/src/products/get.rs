//! `GET /v1/products/{id}`

use axum::{extract::State, response::Response};
use bytes::Bytes;
use http::StatusCode;
use proto::v1::{self, ProductStatus};

use super::view::ProductView;
use crate::{
    app_state::AppState,
    as_of::{self, AsOfParam},
    auth::Visitor,
    cache::{Audience, Content, Found, Loaded},
    call::{CALL, ask, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    etag,
    id::ProductId,
    identity::token::Principal,
    params::Params,
    problem::Problem,
    reply::Reply,
};

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::ProductsRead)
        .versioned()
        .with_as_of()
        .refuses(&["not_created_yet", "product_not_found"])
        .handler(routes!(read_product))
}

/// Reads a product
///
/// Active products are public; administrators also see drafts, archived and deleted ones. The `ETag` begins with the version that
/// `If-Match` of a write expects; the version of the stock follows, because the answer shows the stock too.
#[utoipa::path(get, path = "/v1/products/{id}", tag = "products",
    params(("id" = String, Path, description = "Id of the product")),
    responses((status = 200, description = "The product", body = ProductView)))]
pub(crate) async fn read_product(
    State(app): State<AppState>,
    Visitor(visitor): Visitor,
    ProductId(id): ProductId,
    Params(AsOfParam { as_of }): Params<AsOfParam>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    if let Some(as_of) = as_of {
        let include_hidden = visitor.is_some_and(|visitor| visitor.may(Permission::ProductsWrite));
        return past_product(&app, context, as_of, id, include_hidden).await;
    }
    let found = product(&app, &id, context, visitor.as_deref()).await?;
    Ok(Reply::cached(&found.content).stale(found.stale).into())
}

/// A product that the visitor may see.
pub(crate) async fn product(
    app: &AppState,
    id: &str,
    context: v1::ReadContext,
    visitor: Option<&Principal>,
) -> Result<Found, Problem> {
    let services = app.clone();
    let load = async move |id, context| {
        let request = v1::GetProductRequest {
            context: Some(context),
            id,
            // What is kept is for everybody; who may see it is decided below.
            include_hidden: true,
        };
        let reply = ask(CALL, services.product_query().get_product(timed(CALL, request)))
            .await
            .map_err(|failure| Problem::of_read(failure).missing("product_not_found"))?;
        let product = reply.product.ok_or_else(Problem::internal)?;
        let hidden = product.status() != ProductStatus::Active || product.deleted_at_micros.is_some();
        let stock_version = product.stock.as_ref().map_or(0, |stock| stock.version);
        let tag = etag::of_product(product.version, stock_version);
        let body = serde_json::to_vec(&ProductView::from(product)).map_err(|_| Problem::internal())?;
        Ok(Loaded {
            content: Content {
                body: Bytes::from(body),
                tag,
                audience: if hidden { Audience::Admins } else { Audience::Everybody },
            },
            read_at: reply.read_at,
            stale: reply.freshness.is_some_and(|freshness| freshness.stale),
        })
    };
    let found = app.products.read(id, context, load).await?;
    if found.content.audience.includes(visitor) {
        Ok(found)
    } else {
        let detail = format!("there is no product {id}");
        Err(Problem::new(StatusCode::NOT_FOUND, "product_not_found", detail))
    }
}

/// A product as it stood.
async fn past_product(
    app: &AppState,
    context: v1::ReadContext,
    as_of: v1::AsOf,
    id: String,
    include_hidden: bool,
) -> Result<Response, Problem> {
    let request = v1::ProductAsOfRequest {
        context: Some(context),
        as_of: Some(as_of),
        id,
        include_hidden,
    };
    let reply = ask(CALL, app.history_query().product_as_of(timed(CALL, request)))
        .await
        .map_err(|failure| as_of::refused(failure, "product_not_found"))?;
    let product = reply.product.ok_or_else(Problem::internal)?;
    let stock_version = product.stock.as_ref().map_or(0, |stock| stock.version);
    let tag = etag::of_product(product.version, stock_version);
    Ok(as_of::reply(reply.moment, &ProductView::from(product)).tag(&tag).into())
}
