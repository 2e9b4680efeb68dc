//! Stock for every line of an order that is placed later, or for none.

use domain::OrderId;
use proto::{
    failure::Failure,
    v1::{ReserveStockReply, ReserveStockRequest},
};

use crate::{
    basket::{Basket, Orderable},
    context::Context,
    core::Core,
    failure,
    fields::Fields,
    reply,
};

pub(super) async fn reserve_stock(core: &Core, request: ReserveStockRequest) -> Result<ReserveStockReply, Failure> {
    let context = Context::new(core, "reserve_stock", request.context)?;
    let mut fields = Fields::default();
    let order_id: Option<OrderId> = fields.check("order_id", request.order_id.parse());
    let basket = Basket::read(&mut fields, &request.lines);
    fields.into_result()?;
    let (Some(order_id), Some(basket)) = (order_id, basket) else {
        return Err(Fields::default().into_failure());
    };

    let basket = std::sync::Arc::new(basket);
    let plan = basket.plan(context.plan());
    let wanted = std::sync::Arc::clone(&basket);
    let committed = core
        .store
        .transact(plan, move |transaction| wanted.reserve(transaction, order_id))
        .await
        .map_err(|error| failure::of_transaction(error, Failure::from))?;
    let products = basket.by_line(&committed.value);
    Ok(ReserveStockReply {
        products: products.map(|(product, _)| Orderable::message(product)).collect(),
        committed: Some(reply::committed(&committed, 0)),
    })
}
