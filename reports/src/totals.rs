//! The columns of a report's totals.

use super::measure::SUMS;

/// Sums of the columns [`SUMS`], those of each type of customer, all as 64 bits.
pub(super) fn totals_of(table: &str) -> String {
    let mut columns: Vec<String> = SUMS
        .iter()
        .map(|name| format!("sum({table}.{name})::bigint AS {name}"))
        .collect();
    for kind in ["new", "returning", "guest"] {
        let filter = format!("FILTER (WHERE {table}.customer_type = '{kind}')");
        columns.push(format!(
            "coalesce(sum({table}.orders) {filter}, 0)::bigint AS {kind}_orders"
        ));
        columns.push(format!(
            "coalesce(sum({table}.gross - {table}.discounts - {table}.credits) {filter}, 0)::bigint AS {kind}_net"
        ));
    }
    columns.join(", ")
}

/// The names of what [`totals_of`] makes.
pub(super) const TOTALS: [&str; 13] = [
    "orders",
    "units",
    "gross",
    "discounts",
    "tax",
    "credits",
    "credited_units",
    "new_orders",
    "new_net",
    "returning_orders",
    "returning_net",
    "guest_orders",
    "guest_net",
];

/// The same of what rows are compared with.
pub(super) const PREVIOUS: [&str; 13] = [
    "previous_orders",
    "previous_units",
    "previous_gross",
    "previous_discounts",
    "previous_tax",
    "previous_credits",
    "previous_credited_units",
    "previous_new_orders",
    "previous_new_net",
    "previous_returning_orders",
    "previous_returning_net",
    "previous_guest_orders",
    "previous_guest_net",
];
