//! `POST /v1/products/{id}/restore`

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
        .refuses(&["product_not_found", "sku_taken"])
        .causes(&["ProductRestored", "SkuClaimed"])
        .handler(routes!(restore_product))
}

/// Restores a deleted product
#[utoipa::path(post, path = "/v1/products/{id}/restore", tag = "products",
    params(("id" = String, Path, description = "Id of the product")),
    responses((status = 200, description = "Done", body = ProductView)))]
pub(crate) async fn restore_product(
    State(app): State<AppState>,
    ProductId(id): ProductId,
    command: Command<Nothing>,
) -> Result<Response, Problem> {
    let reply = super::without_body(id, command, |request| {
        let mut client = app.product_command();
        async move { client.restore_product(request).await }
    })
    .await;
    Ok(super::changed(reply)?.into())
}
