use crate::words::words;

words! {
    /// Where a product is in its life.
    #[derive(Default)]
    ProductStatus {
        /// Not sold yet.
        #[default]
        Draft = "draft",
        /// Sold.
        Active = "active",
        /// No longer sold.
        Archived = "archived",
    }
}
