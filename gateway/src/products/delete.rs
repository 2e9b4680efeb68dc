//! `DELETE /v1/products/{id}`

use axum::{extract::State, response::Response};

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
        .refuses(&["product_not_found"])
        .causes(&["ProductDeleted", "SkuReleased"])
        .handler(routes!(delete_product))
}

/// Deletes a product
///
/// It can be restored; its history, and the orders that name it, stay.
#[utoipa::path(delete, path = "/v1/products/{id}", tag = "products",
    params(("id" = String, Path, description = "Id of the product")),
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete_product(
    State(app): State<AppState>,
    ProductId(id): ProductId,
    command: Command<Nothing>,
) -> Result<Response, Problem> {
    super::gone(
        super::without_body(id, command, |request| {
            let mut client = app.product_command();
            async move { client.delete_product(request).await }
        })
        .await,
    )
}
