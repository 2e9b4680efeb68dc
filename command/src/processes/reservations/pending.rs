//! What is unsettled, folded from the log.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::{
    OrderId, ProductId,
    order::{OrderEvent, OrderLine},
    stock::StockEvent,
};
use eventstore::Recorded;
use uuid::Uuid;

/// How long an order that was seen placed waits for its reservation to be seen, in the log's time.
const EARLY_KEPT: chrono::Duration = chrono::Duration::minutes(10);

/// What is suspected of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Suspicion {
    /// Its stock is reserved and it was not placed.
    Reserved,
    /// It was cancelled and its stock did not return.
    Cancelled,
}

impl Suspicion {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Cancelled => "cancelled",
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            "reserved" => Some(Self::Reserved),
            "cancelled" => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// What an order may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) products: BTreeSet<ProductId>,
    pub(super) since: DateTime<Utc>,
    pub(super) correlation_id: Uuid,
    /// The event that raised the suspicion; `None` where it was not written down.
    pub(super) cause: Option<Uuid>,
}

/// An order to settle.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) order_id: OrderId,
    pub(super) suspicion: Suspicion,
    pub(super) held: Held,
}

type Key = (OrderId, Suspicion);

/// Everything that is unsettled.
#[derive(Debug, Default)]
pub(in crate::processes) struct Pending {
    held: HashMap<Key, Held>,
    /// Orders that were seen placed before their reservation: the products still to be seen reserved, and when it was placed. Not
    /// stored; what is forgotten here is at worst suspected in vain.
    early: HashMap<OrderId, (BTreeSet<ProductId>, DateTime<Utc>)>,
    /// What has a row.
    stored: HashSet<Key>,
    /// What differs from its row.
    changed: HashSet<Key>,
    newest: DateTime<Utc>,
}

impl Pending {
    /// As it was stored.
    pub(super) fn restore(rows: impl IntoIterator<Item = (Key, Held)>) -> Self {
        let held: HashMap<Key, Held> = rows.into_iter().collect();
        Self {
            stored: held.keys().copied().collect(),
            held,
            ..Self::default()
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.held.len()).unwrap_or(u32::MAX)
    }

    /// Takes in an event. One that cannot be read is passed over: its stock stays reserved, which is safe.
    pub(super) fn fold(&mut self, event: &Recorded) {
        let result = match (&*event.aggregate_type, &*event.event_type) {
            ("stock", "StockReserved" | "StockReleased" | "StockCommitted") => self.fold_stock(event),
            ("order", "OrderPlaced" | "OrderCancelled") => self.fold_order(event),
            _ => return,
        };
        if let Err(error) = result {
            tracing::error!(event_id = %event.event_id, %error, "an event cannot be read; what it reserves stays reserved");
        }
    }

    fn fold_stock(&mut self, event: &Recorded) -> Result<(), String> {
        let product_id: ProductId = event
            .aggregate_id
            .parse()
            .map_err(|error: domain::ValueError| error.to_string())?;
        match event.decode::<StockEvent>().map_err(|error| error.to_string())? {
            StockEvent::StockReserved { order_id, .. } => self.reserved(order_id, product_id, event),
            StockEvent::StockReleased { order_id, .. } | StockEvent::StockCommitted { order_id, .. } => {
                self.remove((order_id, Suspicion::Reserved), product_id);
                self.remove((order_id, Suspicion::Cancelled), product_id);
            }
            StockEvent::StockReceived { .. } | StockEvent::StockAdjusted { .. } | StockEvent::StockSet { .. } => {}
        }
        Ok(())
    }

    fn fold_order(&mut self, event: &Recorded) -> Result<(), String> {
        self.newest = self.newest.max(event.occurred_at);
        let order_id: OrderId = event
            .aggregate_id
            .parse()
            .map_err(|error: domain::ValueError| error.to_string())?;
        match event.decode::<OrderEvent>().map_err(|error| error.to_string())? {
            OrderEvent::OrderPlaced(placed) => {
                for product_id in products(&placed.lines) {
                    if !self.remove((order_id, Suspicion::Reserved), product_id) {
                        let early = self.early.entry(order_id);
                        early
                            .or_insert_with(|| (BTreeSet::new(), event.occurred_at))
                            .0
                            .insert(product_id);
                    }
                }
            }
            OrderEvent::OrderCancelled(cancelled) => {
                let key = (order_id, Suspicion::Cancelled);
                self.held.insert(
                    key,
                    Held {
                        products: products(&cancelled.lines).collect(),
                        since: event.occurred_at,
                        correlation_id: event.correlation_id,
                        cause: Some(event.event_id),
                    },
                );
                self.changed.insert(key);
            }
            OrderEvent::OrderAbandoned { .. } | OrderEvent::OrderImported(_) | OrderEvent::OrderCredited { .. } => {}
        }
        Ok(())
    }

    fn reserved(&mut self, order_id: OrderId, product_id: ProductId, event: &Recorded) {
        if let Some((products, _)) = self.early.get_mut(&order_id)
            && products.remove(&product_id)
        {
            if products.is_empty() {
                self.early.remove(&order_id);
            }
            return;
        }
        let key = (order_id, Suspicion::Reserved);
        let held = self.held.entry(key).or_insert_with(|| Held {
            products: BTreeSet::new(),
            since: event.occurred_at,
            correlation_id: event.correlation_id,
            cause: Some(event.event_id),
        });
        held.products.insert(product_id);
        self.changed.insert(key);
    }

    /// Whether it was there.
    fn remove(&mut self, key: Key, product_id: ProductId) -> bool {
        let Some(held) = self.held.get_mut(&key) else {
            return false;
        };
        if !held.products.remove(&product_id) {
            return false;
        }
        if held.products.is_empty() {
            self.forget(key);
        } else {
            self.changed.insert(key);
        }
        true
    }

    fn forget(&mut self, key: Key) {
        self.held.remove(&key);
        if self.stored.contains(&key) {
            self.changed.insert(key);
        } else {
            // It came and went between two checkpoints, as most do: it never costs a row.
            self.changed.remove(&key);
        }
    }

    /// The oldest that are due: reserved or cancelled until these times.
    pub(super) fn due(&self, reserved_until: DateTime<Utc>, cancelled_until: DateTime<Utc>, limit: usize) -> Vec<Due> {
        let until = |suspicion| match suspicion {
            Suspicion::Reserved => reserved_until,
            Suspicion::Cancelled => cancelled_until,
        };
        let mut due: Vec<Due> = self
            .held
            .iter()
            .filter(|((_, suspicion), held)| held.since <= until(*suspicion))
            .map(|((order_id, suspicion), held)| Due {
                order_id: *order_id,
                suspicion: *suspicion,
                held: held.clone(),
            })
            .collect();
        due.sort_unstable_by_key(|due| due.held.since);
        due.truncate(limit);
        due
    }

    /// The order has been dealt with.
    pub(super) fn settled(&mut self, due: &Due) {
        self.forget((due.order_id, due.suspicion));
    }

    /// What has to be written: rows to put and rows to delete.
    pub(super) fn changes(&self) -> (Vec<(Key, &Held)>, Vec<Key>) {
        let mut put = Vec::new();
        let mut delete = Vec::new();
        for key in &self.changed {
            match self.held.get(key) {
                Some(held) => put.push((*key, held)),
                None => delete.push(*key),
            }
        }
        (put, delete)
    }

    /// The changes are in the database.
    pub(super) fn written(&mut self) {
        for key in self.changed.drain() {
            if self.held.contains_key(&key) {
                self.stored.insert(key);
            } else {
                self.stored.remove(&key);
            }
        }
        let horizon = self.newest - EARLY_KEPT;
        self.early.retain(|_, (_, placed_at)| *placed_at >= horizon);
    }
}

fn products(lines: &[OrderLine]) -> impl Iterator<Item = ProductId> {
    lines
        .iter()
        .map(|line| line.product_id)
        .collect::<BTreeSet<_>>()
        .into_iter()
}
