use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    CreditId, Currency, Reason,
    aggregate::aggregate,
    order::{ImportedOrder, OrderCommand, OrderError, OrderEvent, OrderStatus, PlacedOrder},
};

/// An order, or by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    status: Option<OrderStatus>,
    facts: Option<OrderFacts>,
    /// Why it was cancelled or given up.
    reason: Option<Reason>,
    credits: BTreeMap<CreditId, OrderCredit>,
    credited: i64,
}

/// What was ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderFacts {
    /// Placed here.
    Placed(PlacedOrder),
    /// Placed in another system.
    Imported(ImportedOrder),
}

/// What one credit took back of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCredit {
    /// How much, in minor units of the order's currency.
    pub amount: i64,
    /// How many units of products.
    pub units: i64,
}

aggregate!(Order, OrderCommand, OrderEvent, OrderError);

impl Order {
    /// Where it is in its life; `None`: no such order.
    #[must_use]
    pub const fn status(&self) -> Option<OrderStatus> {
        self.status
    }

    /// What was ordered; `None`: no such order, or it was given up before it was placed.
    #[must_use]
    pub const fn facts(&self) -> Option<&OrderFacts> {
        self.facts.as_ref()
    }

    /// What was ordered, if it was placed here.
    #[must_use]
    pub const fn placed(&self) -> Option<&PlacedOrder> {
        match &self.facts {
            Some(OrderFacts::Placed(placed)) => Some(placed),
            Some(OrderFacts::Imported(_)) | None => None,
        }
    }

    /// What was ordered, if it was placed in another system.
    #[must_use]
    pub const fn imported(&self) -> Option<&ImportedOrder> {
        match &self.facts {
            Some(OrderFacts::Imported(imported)) => Some(imported),
            Some(OrderFacts::Placed(_)) | None => None,
        }
    }

    /// Why it was cancelled or given up.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// What credits took back in all, in minor units of the order's currency.
    #[must_use]
    pub const fn credited(&self) -> i64 {
        self.credited
    }

    /// What each credit took back.
    #[must_use]
    pub const fn credits(&self) -> &BTreeMap<CreditId, OrderCredit> {
        &self.credits
    }

    /// What it is paid in.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.facts.as_ref().map(|facts| match facts {
            OrderFacts::Placed(placed) => placed.currency,
            OrderFacts::Imported(imported) => imported.currency,
        })
    }

    pub(crate) fn evolve(&mut self, event: OrderEvent) {
        match event {
            OrderEvent::OrderPlaced(placed) => {
                self.status = Some(OrderStatus::Pending);
                self.facts = Some(OrderFacts::Placed(placed));
            }
            OrderEvent::OrderCancelled(cancelled) => {
                self.status = Some(OrderStatus::Cancelled);
                self.reason = Some(cancelled.reason);
            }
            OrderEvent::OrderAbandoned { reason } => {
                self.status = Some(OrderStatus::Expired);
                self.reason = Some(reason);
            }
            OrderEvent::OrderImported(imported) => {
                self.status = Some(OrderStatus::Completed);
                self.facts = Some(OrderFacts::Imported(imported));
            }
            OrderEvent::OrderCredited {
                credit_id,
                amount,
                units,
            } => {
                self.credits.insert(credit_id, OrderCredit { amount, units });
                // Saturating: the log is the truth and folding it must not panic.
                self.credited = self.credited.saturating_add(amount);
            }
        }
    }
}
