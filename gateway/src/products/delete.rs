//! `DELETE /v1/products/{id}`

use axum::{extract::State, response::Response};

use crate::{auth::Admin, body::Command, edge::Edge, id::ProductId, json::Nothing, problem::Problem};

/// Deletes a product
///
/// It can be restored; its history, and the orders that name it, stay.
#[utoipa::path(delete, path = "/v1/products/{id}", tag = "products", security(("bearer" = [])),
    params(("id" = String, Path, description = "Id of the product")),
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete_product(
    State(edge): State<Edge>,
    _: Admin,
    ProductId(id): ProductId,
    command: Command<Nothing>,
) -> Result<Response, Problem> {
    super::gone(
        super::bare(id, command, |request| {
            let mut client = edge.product_command();
            async move { client.delete_product(request).await }
        })
        .await,
    )
}
