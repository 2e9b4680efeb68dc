use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    OrderId, Quantity,
    aggregate::aggregate,
    stock::{StockCommand, StockError, StockEvent},
};

/// How many closed order ids a stock remembers one by one. More make every snapshot larger; fewer could
/// refuse an order that took so long to reserve that this many younger ones were begun and closed.
pub const REMEMBERED_CLOSED: usize = 512;

/// The stock of one product; by default empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    on_hand: i64,
    reserved: i64,
    reservations: BTreeMap<OrderId, Quantity>,
    closed: ClosedOrders,
}

/// Orders that cannot reserve again, in bounded space.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ClosedOrders {
    recent: BTreeSet<OrderId>,
    /// The highest id that is no longer in `recent`; time-ordered ids up to here are closed.
    floor: Option<OrderId>,
}

aggregate!(Stock, StockCommand, StockEvent, StockError);

impl Stock {
    /// Units on the shelf.
    #[must_use]
    pub const fn on_hand(&self) -> i64 {
        self.on_hand
    }

    /// Units on the shelf that are kept for orders.
    #[must_use]
    pub const fn reserved(&self) -> i64 {
        self.reserved
    }

    /// Units for new orders, never negative.
    #[must_use]
    pub const fn available(&self) -> i64 {
        self.on_hand - self.reserved
    }

    /// Units that are kept for an order.
    #[must_use]
    pub fn held_by(&self, order_id: OrderId) -> Option<Quantity> {
        self.reservations.get(&order_id).copied()
    }

    /// All that is kept, by order.
    #[must_use]
    pub fn reservations(&self) -> impl ExactSizeIterator<Item = (OrderId, Quantity)> + '_ {
        self.reservations
            .iter()
            .map(|(order_id, quantity)| (*order_id, *quantity))
    }

    /// Whether the order held stock and no longer does, so that it cannot reserve again.
    #[must_use]
    pub fn is_closed(&self, order_id: OrderId) -> bool {
        !self.reservations.contains_key(&order_id) && self.closed.contains(order_id)
    }

    // Saturating: the log is the truth and folding it must not panic; `decide` keeps far from the limits.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "one signature for the states of all aggregates"
    )]
    pub(crate) fn evolve(&mut self, event: StockEvent) {
        match event {
            StockEvent::StockReceived { quantity, .. } => {
                self.on_hand = self.on_hand.saturating_add(quantity.get());
            }
            StockEvent::StockAdjusted { delta, .. } => {
                self.on_hand = self.on_hand.saturating_add(delta);
            }
            StockEvent::StockSet { quantity, .. } => self.on_hand = quantity,
            StockEvent::StockReserved { order_id, quantity } => {
                self.reserved = self.reserved.saturating_add(quantity.get());
                if let Some(held) = self.reservations.insert(order_id, quantity) {
                    self.reserved -= held.get();
                }
            }
            StockEvent::StockReleased { order_id, .. } => {
                self.end(order_id);
            }
            StockEvent::StockCommitted { order_id, quantity } => {
                self.end(order_id);
                self.on_hand = self.on_hand.saturating_sub(quantity.get());
            }
        }
    }

    fn end(&mut self, order_id: OrderId) {
        if let Some(held) = self.reservations.remove(&order_id) {
            self.reserved -= held.get();
        }
        self.closed.insert(order_id);
    }
}

impl ClosedOrders {
    fn contains(&self, order_id: OrderId) -> bool {
        let below_floor = order_id.sorts_by_time() && self.floor.is_some_and(|floor| order_id <= floor);
        below_floor || self.recent.contains(&order_id)
    }

    fn insert(&mut self, order_id: OrderId) {
        self.recent.insert(order_id);
        if self.recent.len() > REMEMBERED_CLOSED
            && let Some(oldest) = self.recent.pop_first()
            && oldest.sorts_by_time()
        {
            self.floor = self.floor.max(Some(oldest));
        }
    }
}
