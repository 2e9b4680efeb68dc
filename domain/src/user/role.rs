use crate::words::words;

words! {
    /// What a user may do.
    Role {
        /// Everything.
        Admin = "admin",
        /// Order, and see own orders.
        Customer = "customer",
    }
}
