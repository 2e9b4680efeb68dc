use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::row;

row! {
    /// The stock of a product that ever had some.
    #[derive(Debug, Serialize, Deserialize)]
    pub struct StockRow {
        /// The product.
        pub product_id: String,
        /// Units on the shelf.
        pub on_hand: i64,
        /// Of them those that are kept for orders.
        pub reserved: i64,
        /// The version of its stream.
        pub version: u64,
        /// When the last event of its stream occurred.
        pub updated_at: DateTime<Utc>,
    }
    // Every order updates rows here: with room in the page no index entry has to follow.
    table "stock", key "product_id", fill 40;
}
