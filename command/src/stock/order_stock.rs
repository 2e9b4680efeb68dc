//! What an order holds, given back or taken out of the house: one command to every stock of the order, in one commit.

use std::collections::BTreeSet;

use domain::{
    OrderId, ProductId, Reason,
    order::MAX_LINES,
    stock::{Stock, StockCommand},
};
use eventstore::Transaction;
use proto::{
    failure::Failure,
    v1::{OrderStockReply, OrderStockRequest},
};

use crate::{context::Context, core::Core, fields::Fields, refusal::Refusal, reply};

/// An order gives back what it holds.
pub(super) async fn release_stock(core: &Core, request: OrderStockRequest) -> Result<OrderStockReply, Failure> {
    let (context, (order, reason)) = Context::accept(core, "release_stock", request.context, |fields| {
        let order = OrderStock::read(fields, &request.order_id, &request.product_ids);
        let reason = fields.check("reason", Reason::new(&request.reason));
        Some((order?, reason?))
    })?;
    let order_id = order.order_id;
    order
        .command(core, &context, StockCommand::Release { order_id, reason })
        .await
}

/// What an order holds leaves the house.
pub(super) async fn commit_stock(core: &Core, request: OrderStockRequest) -> Result<OrderStockReply, Failure> {
    let (context, order) = Context::accept(core, "commit_stock", request.context, |fields| {
        OrderStock::read(fields, &request.order_id, &request.product_ids)
    })?;
    let order_id = order.order_id;
    order.command(core, &context, StockCommand::Commit { order_id }).await
}

/// An order and the products of which it may hold some.
struct OrderStock {
    order_id: OrderId,
    product_ids: BTreeSet<ProductId>,
}

impl OrderStock {
    /// `None` when something is wrong, which is noted.
    fn read(fields: &mut Fields, order_id: &str, product_ids: &[String]) -> Option<Self> {
        let order_id = fields.check("order_id", order_id.parse());
        if product_ids.is_empty() {
            fields.add("product_ids", "required", "at least one product is required");
        }
        if product_ids.len() > MAX_LINES {
            fields.add("product_ids", "too_many", format!("at most {MAX_LINES} products"));
            return None;
        }
        let product_ids: BTreeSet<ProductId> = product_ids
            .iter()
            .enumerate()
            .filter_map(|(index, id)| fields.check(format!("product_ids[{index}]"), id.parse()))
            .collect();
        Some(Self {
            order_id: order_id?,
            product_ids,
        })
    }

    /// Gives the command to each of the stocks.
    async fn command(self, core: &Core, context: &Context, command: StockCommand) -> Result<OrderStockReply, Failure> {
        let streams: Vec<String> = self.product_ids.iter().map(ToString::to_string).collect();
        let plan = streams
            .iter()
            .fold(context.plan(), |plan, stream| plan.write::<Stock>(stream.as_str()));
        let decide = move |transaction: &mut Transaction<'_>| {
            for stream in &streams {
                let events = transaction.state::<Stock>(stream).decide(&command)?;
                transaction.append::<Stock>(stream, events);
            }
            Ok::<_, Refusal>(())
        };
        let committed = core.commit(plan, decide).await?;
        // There is no version to tell: the command has no aggregate of its own.
        Ok(OrderStockReply {
            committed: Some(reply::committed(&committed, 0)),
        })
    }
}
