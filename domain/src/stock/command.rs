use crate::{OrderId, Quantity, Reason};

/// What can be asked of a stock. A stock needs no creation: without events it is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StockCommand {
    /// Goods came in.
    Receive {
        /// How many.
        quantity: Quantity,
        /// Why, if there is more to say than that.
        reason: Option<Reason>,
    },
    /// The shelf has more or fewer than the books say.
    Adjust {
        /// How many more; negative: fewer. Not 0.
        delta: i64,
        /// Why.
        reason: Reason,
    },
    /// The shelf was counted.
    Set {
        /// How many there are: 0 or more.
        quantity: i64,
        /// How many the caller believes to be in the books; refused when there are others.
        expected: i64,
        /// Why, if there is more to say than that.
        reason: Option<Reason>,
    },
    /// Keep some for an order. The same order and quantity again is no error and makes no event.
    Reserve {
        /// For whom.
        order_id: OrderId,
        /// How many.
        quantity: Quantity,
    },
    /// Give back what is kept for an order. When nothing is: no error, no event.
    Release {
        /// For whom it was kept.
        order_id: OrderId,
        /// Why.
        reason: Reason,
    },
    /// Keep for an order what its books say that it should have, whatever became of it before: also when it gave stock back already.
    /// For repairs only.
    Restore {
        /// For whom.
        order_id: OrderId,
        /// How many; `None`: none.
        quantity: Option<Quantity>,
        /// Why.
        reason: Reason,
    },
    /// What is kept for an order leaves the house. When nothing is: no error, no event.
    Commit {
        /// For whom it was kept.
        order_id: OrderId,
    },
}
