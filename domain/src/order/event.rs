use registry::{Touched, fields};
use serde::{Deserialize, Serialize};

use crate::{
    Country, CreditId, Currency, CustomerReference, ExternalId, OrderId, Reason, Source, UserId,
    aggregate::{events, present},
    order::{CancelledOrder, ImportedLine, PlacedOrder},
};

/// What happened to an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderEvent {
    /// It was placed.
    OrderPlaced(PlacedOrder),
    /// It was called off.
    OrderCancelled(CancelledOrder),
    /// It was given up before it was placed: first and last event of the order.
    OrderAbandoned {
        /// Why.
        reason: Reason,
    },
    /// It was placed in another system.
    OrderImported(ImportedOrder),
    /// A credit took back part of it.
    OrderCredited {
        /// The credit.
        credit_id: CreditId,
        /// How much, in minor units of the order's currency.
        amount: i64,
        /// How many units of products.
        units: i64,
    },
}

events!(
    "order",
    OrderEvent {
        OrderPlaced: 1,
        OrderCancelled: 1,
        OrderAbandoned: 1,
        OrderImported: 1,
        OrderCredited: 1,
    }
);

impl OrderEvent {
    fn touched(&self) -> Touched {
        match self {
            Self::OrderPlaced(placed) => {
                let mut touched = fields(&[
                    "number",
                    "status",
                    "currency",
                    "lines",
                    "total",
                    "credited",
                    "placed_at",
                ]);
                touched.extend(present(&[("customer_id", true), ("country", placed.country.is_some())]));
                touched
            }
            Self::OrderImported(imported) => {
                let mut touched = fields(&[
                    "status",
                    "currency",
                    "lines",
                    "total",
                    "credited",
                    "placed_at",
                    "source",
                    "external_id",
                ]);
                touched.extend(present(&[
                    ("customer_id", imported.customer_id.is_some()),
                    ("customer_reference", imported.customer_reference.is_some()),
                    ("country", imported.country.is_some()),
                ]));
                touched
            }
            Self::OrderCancelled(_) => fields(&["status", "cancelled_at", "cancel_reason"]),
            Self::OrderAbandoned { .. } => fields(&["status", "cancel_reason"]),
            Self::OrderCredited { .. } => fields(&["credited"]),
        }
    }
}

/// An order of another system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedOrder {
    /// Its id here.
    pub order_id: OrderId,
    /// Where it comes from.
    pub source: Source,
    /// Its id there.
    pub external_id: ExternalId,
    /// Who ordered, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<UserId>,
    /// What the customer is called there, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_reference: Option<CustomerReference>,
    /// Where to, if known; as the source writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// What it was paid in.
    pub currency: Currency,
    /// What was ordered.
    pub lines: Vec<ImportedLine>,
    /// The sum of the lines' totals, in minor units; may be negative.
    pub total: i64,
}
