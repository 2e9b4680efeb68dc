use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::row;

row! {
    /// A product, deleted ones included. `Attributes` is what holds the JSON of its attributes.
    #[derive(Debug, Serialize, Deserialize)]
    pub struct ProductRow<Attributes> {
        /// Its id.
        pub id: String,
        /// Its SKU.
        pub sku: String,
        /// Its name.
        pub name: String as text,
        /// What its name is sorted by.
        pub name_key: String as sought,
        /// What it is.
        pub description: String as text,
        /// What one costs, in minor units of `currency`.
        pub price_amount: i64,
        /// Empty: it has no price yet.
        pub currency: String,
        /// Its place in the catalogue.
        pub category: String,
        /// Its free attributes.
        pub attributes: Attributes,
        /// Where it is in its life.
        pub status: String,
        /// The version of its stream.
        pub version: u64,
        /// When it was created.
        pub created_at: DateTime<Utc>,
        /// When the last event of its stream occurred.
        pub updated_at: DateTime<Utc>,
        /// When it was deleted.
        pub deleted_at: Option<DateTime<Utc>>,
    }
    table "products", key "id", fill 80;
    index sku "(sku, id)";
    index created "(created_at, id)";
    index updated "(updated_at, id)";
    index name "(name_key, id)";
    index category "(category, id)";
    index currency_price "(currency, price_amount, id)";
    index attributes "USING gin (attributes jsonb_path_ops)";
}
