//! What an order holds leaves the house.

use domain::stock::StockCommand;
use proto::{
    failure::Failure,
    v1::{OrderStockReply, OrderStockRequest},
};

use super::order_stock::{OrderStock, run};
use crate::{context::Context, core::Core, fields::Fields};

pub(super) async fn commit_stock(core: &Core, request: OrderStockRequest) -> Result<OrderStockReply, Failure> {
    let context = Context::new(core, "commit_stock", request.context)?;
    let mut fields = Fields::default();
    let Some(order) = OrderStock::read(&mut fields, &request.order_id, &request.product_ids) else {
        return Err(fields.into_failure());
    };
    let order_id = order.order_id;
    run(core, &context, order, StockCommand::Commit { order_id }).await
}
