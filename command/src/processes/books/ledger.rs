//! What is open, folded from the log.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::{
    OrderId, ProductId,
    order::{OrderEvent, OrderLine},
    stock::StockEvent,
};
use eventstore::Recorded;

/// The open books of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Open {
    /// By product, what is kept for the order less what it is owed; never 0.
    pub(super) units: BTreeMap<ProductId, i64>,
    pub(super) since: DateTime<Utc>,
    /// When its streams were found to be wrong last.
    wrong_at: Option<DateTime<Utc>>,
}

/// The open books of all orders.
#[derive(Debug, Default)]
pub(in crate::processes) struct Ledger {
    open: HashMap<OrderId, Open>,
    /// What has a row.
    stored: HashSet<OrderId>,
    /// What differs from its row.
    changed: HashSet<OrderId>,
}

impl Ledger {
    /// As it was stored.
    pub(super) fn restore(rows: impl IntoIterator<Item = (OrderId, BTreeMap<ProductId, i64>, DateTime<Utc>)>) -> Self {
        let open = rows.into_iter().map(|(order_id, units, since)| {
            let wrong_at = None;
            (order_id, Open { units, since, wrong_at })
        });
        let open: HashMap<_, _> = open.collect();
        Self {
            stored: open.keys().copied().collect(),
            open,
            changed: HashSet::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes in an event.
    pub(super) fn fold(&mut self, event: &Recorded) {
        let result = match &*event.aggregate_type {
            "stock" => self.fold_stock(event),
            "order" => self.fold_order(event),
            _ => return,
        };
        if let Err(error) = result {
            tracing::error!(event_id = %event.event_id, %error, "an event cannot be read; the books go on without it");
        }
    }

    fn fold_stock(&mut self, event: &Recorded) -> Result<(), String> {
        let (order_id, units) = match event.decode::<StockEvent>().map_err(|error| error.to_string())? {
            StockEvent::StockReserved { order_id, quantity } => (order_id, quantity.get()),
            StockEvent::StockReleased { order_id, quantity, .. } => (order_id, -quantity.get()),
            // It left the house for its order, to which nothing is owed any more.
            StockEvent::StockCommitted { .. }
            | StockEvent::StockReceived { .. }
            | StockEvent::StockAdjusted { .. }
            | StockEvent::StockSet { .. } => return Ok(()),
        };
        let product_id = event.aggregate_id.parse().map_err(refused)?;
        self.add(order_id, product_id, units, event.occurred_at);
        Ok(())
    }

    fn fold_order(&mut self, event: &Recorded) -> Result<(), String> {
        let (lines, sign) = match event.decode::<OrderEvent>().map_err(|error| error.to_string())? {
            OrderEvent::OrderPlaced(placed) => (placed.lines, -1),
            OrderEvent::OrderCancelled(cancelled) => (cancelled.lines, 1),
            OrderEvent::OrderAbandoned { .. } | OrderEvent::OrderImported(_) | OrderEvent::OrderCredited { .. } => {
                return Ok(());
            }
        };
        let order_id = event.aggregate_id.parse().map_err(refused)?;
        for OrderLine {
            product_id, quantity, ..
        } in lines
        {
            self.add(order_id, product_id, sign * quantity.get(), event.occurred_at);
        }
        Ok(())
    }

    fn add(&mut self, order_id: OrderId, product_id: ProductId, units: i64, at: DateTime<Utc>) {
        let open = self.open.entry(order_id).or_insert_with(|| Open {
            units: BTreeMap::new(),
            since: at,
            wrong_at: None,
        });
        let balance = open.units.entry(product_id).or_default();
        *balance += units;
        if *balance == 0 {
            open.units.remove(&product_id);
        }
        if open.units.is_empty() {
            self.settled(order_id);
        } else {
            self.changed.insert(order_id);
        }
    }

    /// The order's books are right.
    pub(super) fn settled(&mut self, order_id: OrderId) {
        let settled = self.open.remove(&order_id);
        // Its findings go with the next checkpoint.
        let was_wrong = settled.is_some_and(|open| open.wrong_at.is_some());
        if was_wrong || self.stored.contains(&order_id) {
            self.changed.insert(order_id);
        } else {
            // It came and went between two checkpoints, as most do: it never costs a row.
            self.changed.remove(&order_id);
        }
    }

    /// The order's books are wrong. Answers whether that is news.
    pub(super) fn looked_at(&mut self, order_id: OrderId, now: DateTime<Utc>) -> bool {
        let open = self.open.get_mut(&order_id);
        open.is_some_and(|open| open.wrong_at.replace(now).is_none())
    }

    /// The oldest that are open since before these times, with the products in question: some stock is missing, or there is only too
    /// much. Not those that were found wrong after `looked_at`.
    pub(super) fn due(
        &self,
        missing_until: DateTime<Utc>,
        surplus_until: DateTime<Utc>,
        looked_at: DateTime<Utc>,
        limit: usize,
    ) -> Vec<(OrderId, Vec<ProductId>)> {
        let is_due = |open: &Open| {
            let missing = open.units.values().any(|units| *units < 0);
            open.since <= if missing { missing_until } else { surplus_until }
                && open.wrong_at.is_none_or(|wrong_at| wrong_at <= looked_at)
        };
        let mut due: Vec<_> = self.open.iter().filter(|(_, open)| is_due(open)).collect();
        due.sort_unstable_by_key(|(order_id, open)| (open.wrong_at, open.since, **order_id));
        due.truncate(limit);
        due.into_iter()
            .map(|(order_id, open)| (*order_id, open.units.keys().copied().collect()))
            .collect()
    }

    /// What has to be written: rows to put and rows to delete.
    pub(super) fn changes(&self) -> (Vec<(OrderId, &Open)>, Vec<OrderId>) {
        let mut put = Vec::new();
        let mut delete = Vec::new();
        for order_id in &self.changed {
            match self.open.get(order_id) {
                Some(open) => put.push((*order_id, open)),
                None => delete.push(*order_id),
            }
        }
        (put, delete)
    }

    /// The changes are in the database.
    pub(super) fn written(&mut self) {
        for order_id in self.changed.drain() {
            if self.open.contains_key(&order_id) {
                self.stored.insert(order_id);
            } else {
                self.stored.remove(&order_id);
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn refused(error: domain::ValueError) -> String {
    error.to_string()
}
