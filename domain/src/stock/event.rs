use registry::{Touched, fields};
use serde::{Deserialize, Serialize};

use crate::{OrderId, Quantity, Reason, aggregate::events};

/// What happened to a stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StockEvent {
    /// Goods came in.
    StockReceived {
        /// How many.
        quantity: Quantity,
        /// Why, if said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// The books were corrected by a difference.
    StockAdjusted {
        /// How many more; negative: fewer.
        delta: i64,
        /// Why.
        reason: Reason,
    },
    /// The books were corrected to a count.
    StockSet {
        /// On hand since.
        quantity: i64,
        /// On hand before.
        previous: i64,
        /// Why, if said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// Some are kept for an order.
    StockReserved {
        /// For whom.
        order_id: OrderId,
        /// How many.
        quantity: Quantity,
    },
    /// What was kept is free again.
    StockReleased {
        /// For whom it was kept.
        order_id: OrderId,
        /// How many: all that was kept.
        quantity: Quantity,
        /// Why.
        reason: Reason,
    },
    /// What was kept left the house.
    StockCommitted {
        /// For whom it was kept.
        order_id: OrderId,
        /// How many: all that was kept.
        quantity: Quantity,
    },
}

events!(
    "stock",
    StockEvent {
        StockReceived: 1,
        StockAdjusted: 1,
        StockSet: 1,
        StockReserved: 1,
        StockReleased: 1,
        StockCommitted: 1,
    }
);

impl StockEvent {
    fn touched(&self) -> Touched {
        fields(match self {
            Self::StockReceived { .. } | Self::StockAdjusted { .. } | Self::StockSet { .. } => {
                &["on_hand", "available"]
            }
            Self::StockReserved { .. } | Self::StockReleased { .. } => &["reserved", "available"],
            Self::StockCommitted { .. } => &["on_hand", "reserved"],
        })
    }
}
