//! Gives back stock that is reserved for nobody: for an order that did not come in time, or for one that was cancelled and whose
//! release did not follow.
//!
//! An order may be seen placed before its stock is seen reserved, since lanes are read one by one. What is believed here is therefore only
//! a suspicion; the effect decides on the streams themselves. That makes it harmless to act twice.

mod settle;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    ProductId,
    order::{OrderEvent, OrderLine},
    stock::StockEvent,
};
use eventstore::Recorded;
use processes::{Done, Out, Process};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(super) use self::settle::Settle;
use self::settle::Settling;
use super::EventError;

/// How long the one who cancelled an order has to release its stock.
const GRACE: Duration = Duration::from_secs(5);
/// How long an order that was seen placed waits for its reservation to be seen.
const EARLY_KEPT: chrono::Duration = chrono::Duration::minutes(10);
// The timers. The first two are steps too, and what is suspected.
const RESERVED: &str = "reserved";
const CANCELLED: &str = "cancelled";
const EARLY: &str = "early";

pub(crate) struct Reservations {
    ttl: chrono::Duration,
    grace: chrono::Duration,
}

/// What an order may hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    products: BTreeSet<ProductId>,
    since: DateTime<Utc>,
    correlation_id: Uuid,
    /// The event that raised the suspicion; `None` where it was not written down.
    cause: Option<Uuid>,
}

/// What is suspected of an order.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Suspicions {
    /// Its stock is reserved and it was not placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reserved: Option<Held>,
    /// It was cancelled and its stock did not return.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled: Option<Held>,
    /// Of an order that was seen placed before its reservation: the products still to be seen reserved.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    early: BTreeSet<ProductId>,
}

pub(crate) enum Fact {
    Reserved(ProductId),
    /// Released, or taken out of the house.
    Returned(ProductId),
    Placed(BTreeSet<ProductId>),
    Cancelled(BTreeSet<ProductId>),
}

impl Reservations {
    pub(crate) fn new(ttl: Duration) -> Self {
        let chrono = |duration| chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX);
        Self {
            ttl: chrono(ttl),
            grace: chrono(GRACE.min(ttl)),
        }
    }

    fn read(event: &Recorded) -> Result<Option<(String, Fact)>, EventError> {
        let id = event.aggregate_id.to_string();
        Ok(match &*event.aggregate_type {
            "stock" => {
                let product_id = id.parse()?;
                match event.decode::<StockEvent>()? {
                    StockEvent::StockReserved { order_id, .. } => {
                        Some((order_id.to_string(), Fact::Reserved(product_id)))
                    }
                    StockEvent::StockReleased { order_id, .. } | StockEvent::StockCommitted { order_id, .. } => {
                        Some((order_id.to_string(), Fact::Returned(product_id)))
                    }
                    StockEvent::StockReceived { .. }
                    | StockEvent::StockAdjusted { .. }
                    | StockEvent::StockSet { .. } => None,
                }
            }
            _ => match event.decode::<OrderEvent>()? {
                OrderEvent::OrderPlaced(placed) => Some((id, Fact::Placed(products(&placed.lines)))),
                OrderEvent::OrderCancelled(cancelled) => Some((id, Fact::Cancelled(products(&cancelled.lines)))),
                OrderEvent::OrderAbandoned { .. } | OrderEvent::OrderImported(_) | OrderEvent::OrderCredited { .. } => {
                    None
                }
            },
        })
    }
}

impl Suspicions {
    fn held(&mut self, suspicion: &str) -> &mut Option<Held> {
        if suspicion == CANCELLED {
            &mut self.cancelled
        } else {
            &mut self.reserved
        }
    }

    /// Whether it was there.
    fn remove(&mut self, suspicion: &str, product_id: ProductId, out: &mut Out<'_>) -> bool {
        let held = self.held(suspicion);
        let removed = held.as_mut().is_some_and(|held| held.products.remove(&product_id));
        if held.as_ref().is_some_and(|held| held.products.is_empty()) {
            *held = None;
            out.cancel(suspicion);
        }
        removed
    }
}

impl Process for Reservations {
    const NAME: &'static str = "reservations";
    const EVENTS: &'static [&'static str] = &[
        "StockReserved",
        "StockReleased",
        "StockCommitted",
        "OrderPlaced",
        "OrderCancelled",
    ];
    type State = Suspicions;
    type Fact = Fact;

    /// What an event reserves that cannot be read stays reserved, which is safe.
    fn facts(&self, event: &Recorded) -> Vec<(String, Fact)> {
        Self::read(event)
            .unwrap_or_else(|error| error.tell(event))
            .into_iter()
            .collect()
    }

    fn event(&self, state: &mut Suspicions, fact: Fact, event: &Recorded, out: &mut Out<'_>) {
        let held = |products| Held {
            products,
            since: event.occurred_at,
            correlation_id: event.correlation_id,
            cause: Some(event.event_id),
        };
        match fact {
            Fact::Reserved(product_id) => {
                if state.early.remove(&product_id) {
                    if state.early.is_empty() {
                        out.cancel(EARLY);
                    }
                    return;
                }
                let held = state.reserved.get_or_insert_with(|| held(BTreeSet::new()));
                held.products.insert(product_id);
                out.at(RESERVED, held.since + self.ttl);
            }
            Fact::Returned(product_id) => {
                state.remove(RESERVED, product_id, out);
                state.remove(CANCELLED, product_id, out);
            }
            Fact::Placed(products) => {
                for product_id in products {
                    if !state.remove(RESERVED, product_id, out) {
                        state.early.insert(product_id);
                        out.at(EARLY, event.occurred_at + EARLY_KEPT);
                    }
                }
            }
            Fact::Cancelled(products) => {
                state.cancelled = Some(held(products));
                out.at(CANCELLED, event.occurred_at + self.grace);
            }
        }
    }

    fn timer(&self, state: &mut Suspicions, name: &str, now: DateTime<Utc>, out: &mut Out<'_>) {
        if name == EARLY {
            state.early.clear();
            return;
        }
        let patience = if name == CANCELLED { self.grace } else { self.ttl };
        let Some(held) = state.held(name) else { return };
        // One that was taken over from an older version goes off at once.
        if held.since + patience > now {
            out.at(name, held.since + patience);
            return;
        }
        if let Ok(order_id) = out.key().parse() {
            let held = held.clone();
            let cancelled = name == CANCELLED;
            out.send::<Settle>(
                name,
                &Settling {
                    order_id,
                    cancelled,
                    held,
                },
            );
        }
    }

    fn outcome(&self, state: &mut Suspicions, done: &Done, out: &mut Out<'_>) {
        *state.held(&done.step) = None;
        out.cancel(&done.step);
    }

    async fn measure(&self, open: Option<u64>) {
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        metrics::gauge!("tillroll_reservations_unsettled").set(open.unwrap_or_default() as f64);
    }
}

fn products(lines: &[OrderLine]) -> BTreeSet<ProductId> {
    lines.iter().map(|line| line.product_id).collect()
}
