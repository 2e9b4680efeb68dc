//! Stock for every line of an order that is placed later, or for none.

use std::sync::Arc;

use domain::OrderId;
use proto::{
    failure::Failure,
    v1::{ReserveStockReply, ReserveStockRequest},
};

use crate::{
    basket::{Basket, Orderable},
    context::Context,
    core::Core,
    reply,
};

pub(super) async fn reserve_stock(core: &Core, request: ReserveStockRequest) -> Result<ReserveStockReply, Failure> {
    let (context, (order_id, basket)) = Context::accept(core, "reserve_stock", request.context, |fields| {
        let order_id = fields.check("order_id", request.order_id.parse::<OrderId>());
        let basket = Basket::read(fields, &request.lines);
        Some((order_id?, Arc::new(basket?)))
    })?;
    let plan = basket.plan(context.plan());
    let reserved = Arc::clone(&basket);
    let committed = core
        .commit(plan, move |transaction| reserved.reserve(transaction, order_id))
        .await?;
    let products = basket.by_line(&committed.value);
    Ok(ReserveStockReply {
        products: products.map(|(product, _)| Orderable::message(product)).collect(),
        committed: Some(reply::committed(&committed, 0)),
    })
}
