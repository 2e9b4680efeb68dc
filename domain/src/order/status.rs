use crate::words::words;

words! {
    /// Where an order is in its life.
    OrderStatus {
        /// Being put together.
        Draft = "draft",
        /// Placed.
        Pending = "pending",
        /// Paid for.
        Confirmed = "confirmed",
        /// Delivered; imported orders are.
        Completed = "completed",
        /// Called off.
        Cancelled = "cancelled",
        /// Given up before it was placed.
        Expired = "expired",
    }
}
