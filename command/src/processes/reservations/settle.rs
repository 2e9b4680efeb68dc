//! The act: what the streams say now decides, not what was suspected.

use chrono::{DateTime, Utc};
use domain::{
    Reason,
    order::{Order, OrderCommand, OrderError, OrderStatus},
    stock::{Stock, StockCommand, StockError},
};
use eventstore::{Metadata, Plan, TransactError, Transaction};

use super::{
    ACTOR,
    pending::{Due, Suspicion},
};
use crate::{context::annotated, core::Core};

/// Why an order could not be settled.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(transparent)]
    Order(#[from] OrderError),
    #[error(transparent)]
    Stock(#[from] StockError),
    #[error(transparent)]
    Reason(#[from] domain::ValueError),
}

/// Releases what the order still holds if it was cancelled or never came. In the latter case it is abandoned in the same commit, so
/// that it cannot come any more: an order that is being placed at this very moment either wins, and nothing is released, or loses.
///
/// Returns whether something was released.
pub(super) async fn settle(core: &Core, due: &Due, now: DateTime<Utc>) -> Result<bool, TransactError<Refusal>> {
    let reason = match due.suspicion {
        Suspicion::Reserved => "the reservation ran out",
        Suspicion::Cancelled => "the order was cancelled",
    };
    let reason = Reason::new(reason).map_err(|error| TransactError::Rejected(error.into()))?;
    let order_id = due.order_id;
    let order = order_id.to_string();
    let stocks: Vec<String> = due.held.products.iter().map(ToString::to_string).collect();
    let metadata = Metadata {
        actor: ACTOR.to_owned(),
        correlation_id: due.held.correlation_id,
        causation_id: due.held.cause,
        request_id: String::new(),
    };
    let plan = annotated(Plan::new(metadata).occurred_at(now), (core.ids)(), "settle_reservation")
        .annotation("channel", "process")
        .write::<Order>(order.as_str());
    let plan = stocks
        .iter()
        .fold(plan, |plan, stock| plan.write::<Stock>(stock.as_str()));
    let committed = core
        .store
        .transact(plan, move |transaction: &mut Transaction<'_>| {
            let present = transaction.state::<Order>(&order);
            match present.status() {
                Some(OrderStatus::Cancelled | OrderStatus::Expired) => {}
                None => {
                    let abandon = OrderCommand::Abandon { reason: reason.clone() };
                    let events = present.decide(&abandon)?;
                    transaction.append::<Order>(&order, events);
                }
                // The order lives, and what it holds is its own.
                Some(OrderStatus::Draft | OrderStatus::Pending | OrderStatus::Confirmed | OrderStatus::Completed) => {
                    return Ok(false);
                }
            }
            let mut released = false;
            for stock in &stocks {
                let release = StockCommand::Release {
                    order_id,
                    reason: reason.clone(),
                };
                let events = transaction.state::<Stock>(stock).decide(&release)?;
                released |= !events.is_empty();
                transaction.append::<Stock>(stock, events);
            }
            Ok(released)
        })
        .await?;
    Ok(committed.value)
}
