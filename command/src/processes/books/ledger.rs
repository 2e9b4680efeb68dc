//! What is open of an order, folded from the log.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    ProductId,
    order::{OrderEvent, OrderLine},
    stock::StockEvent,
};
use eventstore::Recorded;
use serde::{Deserialize, Serialize};

use crate::processes::EventError;

/// By product, what has come to be kept for an order, less what it has come to be owed.
pub(crate) type Units = Vec<(ProductId, i64)>;

/// The open books of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Open {
    /// By product, what is kept for the order less what it is owed; never 0.
    pub(super) units: BTreeMap<ProductId, i64>,
    pub(super) since: DateTime<Utc>,
    /// Its streams are being looked at.
    #[serde(default)]
    pub(super) looking: bool,
    /// Its streams were found to be wrong.
    #[serde(default)]
    pub(super) wrong: bool,
}

impl Open {
    pub(super) fn add(&mut self, units: Units, at: DateTime<Utc>) {
        if self.units.is_empty() {
            self.since = at;
        }
        for (product_id, units) in units {
            let balance = self.units.entry(product_id).or_default();
            *balance += units;
            if *balance == 0 {
                self.units.remove(&product_id);
            }
        }
    }

    /// Until when they may be open: shorter when some stock is missing than when there is only too much.
    pub(super) fn until(&self, missing: chrono::Duration, surplus: chrono::Duration) -> DateTime<Utc> {
        let is_missing = self.units.values().any(|units| *units < 0);
        self.since + if is_missing { missing } else { surplus }
    }
}

/// The order that an event is about, and what it does to its books.
pub(super) fn read(event: &Recorded) -> Result<Option<(String, Units)>, EventError> {
    if &*event.aggregate_type == "stock" {
        let (order_id, units) = match event.decode::<StockEvent>()? {
            StockEvent::StockReserved { order_id, quantity } => (order_id, quantity.get()),
            StockEvent::StockReleased { order_id, quantity, .. } => (order_id, -quantity.get()),
            // It left the house for its order, to which nothing is owed any more.
            StockEvent::StockCommitted { .. }
            | StockEvent::StockReceived { .. }
            | StockEvent::StockAdjusted { .. }
            | StockEvent::StockSet { .. } => return Ok(None),
        };
        return Ok(Some((order_id.to_string(), vec![(event.aggregate_id.parse()?, units)])));
    }
    let (lines, sign) = match event.decode::<OrderEvent>()? {
        OrderEvent::OrderPlaced(placed) => (placed.lines, -1),
        OrderEvent::OrderCancelled(cancelled) => (cancelled.lines, 1),
        OrderEvent::OrderAbandoned { .. } | OrderEvent::OrderImported(_) | OrderEvent::OrderCredited { .. } => {
            return Ok(None);
        }
    };
    let units = lines.into_iter().map(
        |OrderLine {
             product_id, quantity, ..
         }| (product_id, sign * quantity.get()),
    );
    Ok(Some((event.aggregate_id.to_string(), units.collect())))
}
