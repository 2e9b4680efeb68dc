//! Products in the place of their ids.

use proto::v1;

use super::view::ProductView;
use crate::{
    app_state::AppState,
    call::{CALL, ask, timed},
    endpoint::Permission,
    expansion::{Related, Things, json},
    identity::token::Principal,
    problem::Problem,
};

/// Products that others name.
pub(crate) const PRODUCT: &Related = &Related {
    schema: "Product",
    read: |app, context, visitor, ids| Box::pin(read(app, context, visitor, ids)),
};

async fn read(
    app: &AppState,
    context: &v1::ReadContext,
    visitor: Option<&Principal>,
    ids: &[String],
) -> Result<Things, Problem> {
    let request = v1::GetProductsRequest {
        context: Some(context.clone()),
        ids: ids.to_vec(),
        include_hidden: visitor.is_some_and(|visitor| visitor.may(Permission::ProductsWrite)),
    };
    let reply = ask(CALL, app.product_query().get_products(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let things = reply.products.into_iter();
    things
        .map(|product| Ok((product.id.clone(), json(&ProductView::from(product))?)))
        .collect()
}
