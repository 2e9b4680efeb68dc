use std::fmt;
use std::time::Duration;

use import::Counts;

/// What a seed did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Products.
    pub products: Counts,
    /// Customers with a login.
    pub customers: Counts,
    /// Orders, those that are pending included.
    pub orders: Counts,
    /// Credits: what customers sent back or called off.
    pub credits: Counts,
    /// Whether the administrator was made; `None` when none was asked for.
    pub admin_created: Option<bool>,
    /// How long it took.
    pub elapsed: Duration,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("products", self.products),
            ("customers", self.customers),
            ("orders", self.orders),
            ("credits", self.credits),
        ];
        for (name, counts) in parts {
            let there = counts.unchanged + counts.updated;
            writeln!(f, "{name}: {} created, {there} already there", counts.created)?;
        }
        write!(f, "{:.1} s", self.elapsed.as_secs_f64())
    }
}
