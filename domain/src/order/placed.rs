use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Country, Currency, OrderId, Reason, UserId, order::OrderLine};

/// Declares what an event says of an order that was placed here: something of its own, then the order. Stored side by side; one struct
/// within the other (`serde(flatten)`) would be stored alike, but read more slowly.
macro_rules! placed_order {
    ($(#[$doc:meta])* $name:ident { $(#[$own_doc:meta])* $own:ident: $type:ty }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            $(#[$own_doc])*
            pub $own: $type,
            /// Its number, for people.
            pub number: u64,
            /// Who ordered.
            pub customer_id: UserId,
            /// Where to: a code of ISO 3166-1.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub country: Option<Country>,
            /// What it is paid in.
            pub currency: Currency,
            /// What was ordered.
            pub lines: Vec<OrderLine>,
            /// What it costs, in minor units.
            pub total: i64,
            /// When it was placed.
            pub placed_at: DateTime<Utc>,
        }
    };
}

placed_order! {
    /// An order as it was placed.
    PlacedOrder {
        /// Its id.
        order_id: OrderId
    }
}

placed_order! {
    /// An order that was called off, with what readers need to take it out of their sums.
    CancelledOrder {
        /// Why.
        reason: Reason
    }
}

impl PlacedOrder {
    /// The order as it is called off.
    pub(crate) fn cancelled(&self, reason: Reason) -> CancelledOrder {
        CancelledOrder {
            reason,
            number: self.number,
            customer_id: self.customer_id,
            country: self.country.clone(),
            currency: self.currency,
            lines: self.lines.clone(),
            total: self.total,
            placed_at: self.placed_at,
        }
    }
}
