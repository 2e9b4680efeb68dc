//! An order gives back what it holds.

use domain::{Reason, stock::StockCommand};
use proto::{
    failure::Failure,
    v1::{OrderStockReply, OrderStockRequest},
};

use super::order_stock::{OrderStock, run};
use crate::{context::Context, core::Core, fields::Fields};

pub(super) async fn release_stock(core: &Core, request: OrderStockRequest) -> Result<OrderStockReply, Failure> {
    let context = Context::new(core, "release_stock", request.context)?;
    let mut fields = Fields::default();
    let order = OrderStock::read(&mut fields, &request.order_id, &request.product_ids);
    let reason = fields.check("reason", Reason::new(&request.reason));
    let (Some(order), Some(reason)) = (order, reason) else {
        return Err(fields.into_failure());
    };
    let order_id = order.order_id;
    run(core, &context, order, StockCommand::Release { order_id, reason }).await
}
