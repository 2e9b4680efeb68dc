//! One command to every stock of an order, in one commit.

use std::collections::BTreeSet;

use domain::{
    OrderId, ProductId,
    order::MAX_LINES,
    stock::{Stock, StockCommand, StockError},
};
use proto::{failure::Failure, v1::OrderStockReply};

use super::refusal::of_stock;
use crate::{context::Context, core::Core, failure, fields::Fields, reply};

/// An order and the products of which it may hold some.
pub(super) struct OrderStock {
    pub(super) order_id: OrderId,
    pub(super) product_ids: BTreeSet<ProductId>,
}

impl OrderStock {
    /// `None` when something is wrong, which is noted.
    pub(super) fn read(fields: &mut Fields, order_id: &str, product_ids: &[String]) -> Option<Self> {
        let order_id = fields.check("order_id", order_id.parse());
        if product_ids.is_empty() {
            fields.add("product_ids", "required", "at least one product is required");
        }
        if product_ids.len() > MAX_LINES {
            fields.add("product_ids", "too_many", format!("at most {MAX_LINES} products"));
            return None;
        }
        let read: BTreeSet<ProductId> = product_ids
            .iter()
            .enumerate()
            .filter_map(|(index, id)| fields.check(format!("product_ids[{index}]"), id.parse()))
            .collect();
        if read.is_empty() {
            return None;
        }
        Some(Self {
            order_id: order_id?,
            product_ids: read,
        })
    }
}

/// Gives `command` to each of the stocks.
pub(super) async fn run(
    core: &Core,
    context: &Context,
    order: OrderStock,
    command: StockCommand,
) -> Result<OrderStockReply, Failure> {
    let streams: Vec<String> = order.product_ids.iter().map(ToString::to_string).collect();
    let plan = streams
        .iter()
        .fold(context.plan(), |plan, stream| plan.write::<Stock>(stream.as_str()));
    let committed = core
        .store
        .transact(plan, move |transaction| {
            for stream in &streams {
                let events = transaction.state::<Stock>(stream).decide(&command)?;
                transaction.append::<Stock>(stream, events);
            }
            Ok::<_, StockError>(())
        })
        .await
        .map_err(|error| failure::of_transaction(error, of_stock))?;
    // There is no version to tell: the command has no aggregate of its own.
    Ok(OrderStockReply {
        committed: Some(reply::committed(&committed, 0)),
    })
}
