use crate::row;

row! {
    /// The units of a product that were sold, ever.
    #[derive(Debug)]
    pub struct UnitsRow {
        /// The product.
        pub product_id: String,
        /// Units sold.
        pub sold: i64,
        /// Of them those that were taken back.
        pub taken_back: i64,
    }
    table "product_sales", key "product_id", fill 75;
}
