//! `POST /v1/products/{id}/archive`

use axum::{extract::State, response::Response};

use super::view::ProductView;
use crate::{auth::Admin, body::Command, edge::Edge, id::ProductId, json::Nothing, problem::Problem};

/// Archives a product
///
/// It is not shown or sold any more.
#[utoipa::path(post, path = "/v1/products/{id}/archive", tag = "products", security(("bearer" = [])),
    params(("id" = String, Path, description = "Id of the product")),
    responses((status = 200, description = "Done", body = ProductView)))]
pub(crate) async fn archive_product(
    State(edge): State<Edge>,
    _: Admin,
    ProductId(id): ProductId,
    command: Command<Nothing>,
) -> Result<Response, Problem> {
    let reply = super::bare(id, command, |request| {
        let mut client = edge.product_command();
        async move { client.archive_product(request).await }
    })
    .await;
    Ok(super::changed(reply)?.into())
}
