//! The look at an order and its stock in one moment, and the repair.

use chrono::{DateTime, Utc};
use domain::{
    OrderId, ProductId, Quantity, Reason,
    order::{Order, OrderCommand, OrderError, OrderStatus},
    stock::{Stock, StockCommand, StockError},
};
use eventstore::{Metadata, Plan, TransactError, Transaction};
use serde::{Deserialize, Serialize};

use crate::{context::annotated, core::Core};

/// Who looks, in the metadata of no event.
const ACTOR: &str = "system:books";

/// A product of which an order does not hold what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// The product.
    pub product_id: ProductId,
    /// Units that the order is owed.
    pub owed: i64,
    /// Units that are held for it.
    pub held: i64,
    /// Units of the product that are free.
    pub available: i64,
}

/// Why nothing could be mended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(transparent)]
    Order(#[from] OrderError),
    #[error(transparent)]
    Stock(#[from] StockError),
    #[error(transparent)]
    Value(#[from] domain::ValueError),
}

type Outcome = Result<Vec<Mismatch>, TransactError<Refusal>>;

/// What is wrong with the stock that an order holds of these products.
pub(super) async fn look(core: &Core, order_id: OrderId, products: Vec<ProductId>) -> Outcome {
    let order = order_id.to_string();
    let plan = plan(core, ACTOR, core.now()).read::<Order>(order.as_str());
    let stocks = named(products);
    let plan = stocks
        .iter()
        .fold(plan, |plan, (_, stock)| plan.read::<Stock>(stock.as_str()));
    let looked = core.store.transact(plan, move |transaction| {
        let order = transaction.state::<Order>(&order);
        let mismatches = stocks.iter().filter_map(|(product_id, stock)| {
            let stock = transaction.state::<Stock>(stock);
            mismatch(order_id, order, *product_id, stock)
        });
        Ok::<_, Refusal>(mismatches.collect::<Vec<_>>())
    });
    Ok(looked.await?.value)
}

/// Makes what an order holds of these products what it should be, as far as there is stock: each product by itself, all in one commit.
/// Answers with what is still wrong. An order that never came is abandoned, so that it cannot come any more.
pub(super) async fn restore(
    core: &Core,
    actor: &str,
    reason: &Reason,
    order_id: OrderId,
    products: Vec<ProductId>,
) -> Outcome {
    let order = order_id.to_string();
    let plan = plan(core, actor, core.now())
        .annotation("reason", reason.to_string())
        .write::<Order>(order.as_str());
    let stocks = named(products);
    let plan = stocks
        .iter()
        .fold(plan, |plan, (_, stock)| plan.write::<Stock>(stock.as_str()));
    let reason = reason.clone();
    let restored = core.store.transact(plan, move |transaction: &mut Transaction<'_>| {
        let mut left = Vec::new();
        let mut mended = Vec::new();
        let present = transaction.state::<Order>(&order);
        for (product_id, stock) in &stocks {
            let state = transaction.state::<Stock>(stock);
            let Some(wrong) = mismatch(order_id, present, *product_id, state) else {
                continue;
            };
            let quantity = match wrong.owed {
                0 => None,
                owed => Some(Quantity::new(owed)?),
            };
            let restore = StockCommand::Restore {
                order_id,
                quantity,
                reason: reason.clone(),
            };
            match state.decide(&restore) {
                Ok(events) => mended.push((stock, events)),
                Err(StockError::Insufficient { .. }) => left.push(wrong),
                Err(error) => return Err(error.into()),
            }
        }
        if present.status().is_none() && !mended.is_empty() {
            let abandon = OrderCommand::Abandon { reason: reason.clone() };
            let events = present.decide(&abandon)?;
            transaction.append::<Order>(&order, events);
        }
        for (stock, events) in mended {
            transaction.append::<Stock>(stock, events);
        }
        Ok::<_, Refusal>(left)
    });
    Ok(restored.await?.value)
}

fn plan(core: &Core, actor: &str, now: DateTime<Utc>) -> Plan {
    let metadata = Metadata {
        actor: actor.to_owned(),
        correlation_id: (core.ids)(),
        causation_id: None,
        request_id: String::new(),
    };
    annotated(Plan::new(metadata).occurred_at(now), (core.ids)(), "mend_books").annotation("channel", "cli")
}

fn named(products: Vec<ProductId>) -> Vec<(ProductId, String)> {
    let name = |product_id: ProductId| (product_id, product_id.to_string());
    products.into_iter().map(name).collect()
}

fn mismatch(order_id: OrderId, order: &Order, product_id: ProductId, stock: &Stock) -> Option<Mismatch> {
    let owed = match (order.status(), order.placed()) {
        (Some(OrderStatus::Draft | OrderStatus::Pending | OrderStatus::Confirmed), Some(placed)) => {
            let lines = placed.lines.iter().filter(|line| line.product_id == product_id);
            lines.map(|line| line.quantity.get()).sum()
        }
        // What was delivered is owed no more, and what is left of it is nobody's.
        _ => 0,
    };
    let held = stock.held_by(order_id).map_or(0, Quantity::get);
    (owed != held).then(|| Mismatch {
        product_id,
        owed,
        held,
        available: stock.available(),
    })
}
