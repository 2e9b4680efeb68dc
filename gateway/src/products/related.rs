//! Products in the place of their ids.

use proto::v1;

use super::view::ProductView;
use crate::{
    auth::token::Principal,
    call::{CALL, ask, timed},
    edge::Edge,
    endpoint::Permission,
    problem::Problem,
    representation::{Related, Things, json},
};

/// Products that others name.
pub(crate) const PRODUCT: &Related = &Related {
    schema: "Product",
    read: |edge, context, visitor, ids| Box::pin(read(edge, context, visitor, ids)),
};

async fn read(
    edge: &Edge,
    context: &v1::ReadContext,
    visitor: Option<&Principal>,
    ids: &[String],
) -> Result<Things, Problem> {
    let request = v1::GetProductsRequest {
        context: Some(context.clone()),
        ids: ids.to_vec(),
        include_hidden: visitor.is_some_and(|visitor| visitor.may(Permission::ProductsWrite)),
    };
    let reply = ask(CALL, edge.product_query().get_products(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let things = reply.products.into_iter();
    things
        .map(|product| Ok((product.id.clone(), json(&ProductView::from(product))?)))
        .collect()
}
