//! What the process does: it releases what is reserved for nobody.

use domain::{
    OrderId, Reason,
    order::{Order, OrderCommand, OrderError, OrderStatus},
    stock::{Stock, StockCommand, StockError},
};
use eventstore::{IdempotencyKey, Metadata, Plan, TransactError, Transaction};
use processes::{Effect, Refused};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Held;
use crate::{context::annotated, core::Core, processes::refused};

/// Who acts, in the metadata of events.
const ACTOR: &str = "system:reservations";

/// Releases what an order still holds if it was cancelled or never came.
pub(crate) struct Settle(pub(crate) Core);

#[derive(Serialize, Deserialize)]
pub(crate) struct Settling {
    pub(super) order_id: OrderId,
    /// Or it never came.
    pub(super) cancelled: bool,
    pub(super) held: Held,
}

impl Effect for Settle {
    const KIND: &'static str = "settle_reservation";
    const REPEATABLE: bool = true;
    type Body = Settling;
    /// Whether something was released.
    type Outcome = bool;

    /// An order that never came is abandoned in the same commit, so that it cannot come any more: one that is being placed at this very
    /// moment either wins, and nothing is released, or loses.
    async fn deliver(&self, id: Uuid, settling: Settling) -> Result<bool, Refused> {
        let Self(core) = self;
        let Settling {
            order_id,
            cancelled,
            held,
        } = settling;
        let reason = if cancelled {
            "the order was cancelled"
        } else {
            "the reservation ran out"
        };
        let reason = Reason::new(reason).map_err(Refused::never)?;
        let order = order_id.to_string();
        let stocks: Vec<String> = held.products.iter().map(ToString::to_string).collect();
        let metadata = Metadata {
            actor: ACTOR.to_owned(),
            correlation_id: held.correlation_id,
            causation_id: held.cause,
            request_id: String::new(),
        };
        let key = IdempotencyKey {
            scope: ACTOR.to_owned(),
            key: id.to_string(),
            request_hash: id.as_bytes().to_vec(),
        };
        let plan = annotated(Plan::new(metadata).occurred_at(core.now()), (core.ids)(), Self::KIND)
            .annotation("channel", "process")
            .idempotency(key)
            .write::<Order>(order.as_str());
        let plan = stocks
            .iter()
            .fold(plan, |plan, stock| plan.write::<Stock>(stock.as_str()));
        let settled = core.store.transact(plan, move |transaction: &mut Transaction<'_>| {
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
                let reason = reason.clone();
                let release = StockCommand::Release { order_id, reason };
                let events = transaction.state::<Stock>(stock).decide(&release)?;
                released |= !events.is_empty();
                transaction.append::<Stock>(stock, events);
            }
            Ok(released)
        });
        let settled = settled.await.map_err(|error: TransactError<Refusal>| refused(&error))?;
        if settled.value && !settled.replayed {
            metrics::counter!("tillroll_reservations_released_total").increment(1);
        }
        Ok(settled.value)
    }
}

/// Why an order could not be settled.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Order(#[from] OrderError),
    #[error(transparent)]
    Stock(#[from] StockError),
}
