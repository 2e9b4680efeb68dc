use crate::OrderId;

/// Why a command to a stock was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    /// Not enough is available.
    #[error("{requested} are wanted and {available} are available")]
    Insufficient {
        /// How many were asked for.
        requested: i64,
        /// How many there are for new orders.
        available: i64,
    },
    /// The caller counted from another number.
    #[error("{on_hand} are on hand, not {expected}")]
    ExpectationFailed {
        /// How many there are.
        on_hand: i64,
        /// How many the caller believed there to be.
        expected: i64,
    },
    /// Fewer would be on hand than are promised.
    #[error("{reserved} are reserved, so {on_hand} on hand would be too few")]
    BelowReserved {
        /// How many are kept for orders.
        reserved: i64,
        /// How many there would be.
        on_hand: i64,
    },
    /// An adjustment by nothing.
    #[error("an adjustment is not 0")]
    ZeroDelta,
    /// An adjustment or a count that is out of the limits.
    #[error("a number of units here is from {min} to {max}")]
    OutOfRange {
        /// Lowest allowed.
        min: i64,
        /// Highest allowed.
        max: i64,
    },
    /// More than a stock can hold.
    #[error("at most {limit} can be on hand")]
    TooMany {
        /// How many can be on hand.
        limit: i64,
    },
    /// The order holds another quantity already.
    #[error("{order_id} holds {held} already")]
    AlreadyReserved {
        /// The order.
        order_id: OrderId,
        /// How many it holds.
        held: i64,
    },
    /// What the order held was released or committed; it cannot reserve again.
    #[error("the reservation of {order_id} is over")]
    ReservationClosed {
        /// The order.
        order_id: OrderId,
    },
}
