//! `POST /v1/products/{id}/publish`

use axum::{extract::State, response::Response};

use super::view::ProductView;
use crate::{
    app_state::AppState,
    body::Command,
    endpoint::{Described, Endpoint, Permission, routes},
    id::ProductId,
    json::Nothing,
    problem::Problem,
};

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::ProductsWrite)
        .versioned()
        .refuses(&["price_required", "product_deleted", "product_not_found"])
        .causes(&["ProductPublished"])
        .handler(routes!(publish_product))
}

/// Publishes a product
///
/// It is shown and sold from now on.
#[utoipa::path(post, path = "/v1/products/{id}/publish", tag = "products",
    params(("id" = String, Path, description = "Id of the product")),
    responses((status = 200, description = "Done", body = ProductView)))]
pub(crate) async fn publish_product(
    State(app): State<AppState>,
    ProductId(id): ProductId,
    command: Command<Nothing>,
) -> Result<Response, Problem> {
    let reply = super::without_body(id, command, |request| {
        let mut client = app.product_command();
        async move { client.publish_product(request).await }
    })
    .await;
    Ok(super::changed(reply)?.into())
}
