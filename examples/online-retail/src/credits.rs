//! Which order a cancellation undoes.
//!
//! The file does not say. A line of a cancellation is taken to undo an earlier order of the same customer with the
//! same stock code, of which so many units have not been taken back yet.

use std::collections::HashMap;
use std::sync::Arc;

/// Units that a customer bought and may still give back.
struct Purchase {
    order: Arc<str>,
    left: i64,
    price: i64,
}

/// The purchases of which something is taken back later.
#[derive(Default)]
pub(crate) struct Purchases {
    by_customer: HashMap<Box<str>, HashMap<Box<str>, Vec<Purchase>>>,
}

/// So many units of a cancelled line undo this order; of the last part the order may be unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Undone {
    pub(crate) units: i64,
    pub(crate) order: Option<Arc<str>>,
}

impl Purchases {
    /// Remembers a purchase.
    pub(crate) fn add(&mut self, customer: &str, code: &str, order: &Arc<str>, units: i64, price: i64) {
        let codes = self.by_customer.entry(customer.into()).or_default();
        codes.entry(code.into()).or_default().push(Purchase {
            order: Arc::clone(order),
            left: units,
            price,
        });
    }

    /// Finds the orders that `units` come from: the latest one with enough left at the same price, else the latest
    /// with enough left at any price, else as many as it takes from the latest back. With `same_price` only
    /// purchases at that price count: a code such as `M` (manual) does not say what was bought.
    pub(crate) fn take_back(
        &mut self,
        customer: &str,
        code: &str,
        units: i64,
        price: i64,
        same_price: bool,
    ) -> Vec<Undone> {
        let mut parts = Vec::new();
        let mut open = units;
        let known = self.by_customer.get_mut(customer).and_then(|codes| codes.get_mut(code));
        if let Some(purchases) = known {
            let enough = |purchase: &&mut Purchase| purchase.left >= units;
            let single = match purchases
                .iter_mut()
                .rev()
                .filter(enough)
                .find(|purchase| purchase.price == price)
            {
                Some(purchase) => Some(purchase),
                None if same_price => None,
                None => purchases.iter_mut().rev().find(enough),
            };
            if let Some(purchase) = single {
                open -= purchase.take(open, &mut parts);
            } else {
                for purchase in purchases.iter_mut().rev() {
                    if open > 0 && (!same_price || purchase.price == price) {
                        open -= purchase.take(open, &mut parts);
                    }
                }
            }
        }
        if open > 0 {
            parts.push(Undone {
                units: open,
                order: None,
            });
        }
        parts
    }
}

impl Purchase {
    fn take(&mut self, wanted: i64, parts: &mut Vec<Undone>) -> i64 {
        let units = self.left.min(wanted);
        if units > 0 {
            self.left -= units;
            parts.push(Undone {
                units,
                order: Some(Arc::clone(&self.order)),
            });
        }
        units
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purchases(bought: &[(&str, i64, i64)]) -> Purchases {
        let mut purchases = Purchases::default();
        for (order, units, price) in bought {
            purchases.add("17850", "22423", &Arc::from(*order), *units, *price);
        }
        purchases
    }

    fn undone(parts: &[Undone]) -> Vec<(i64, Option<&str>)> {
        parts.iter().map(|part| (part.units, part.order.as_deref())).collect()
    }

    #[test]
    fn latest_order_with_enough_at_the_price_is_undone() {
        let mut bought = purchases(&[("1", 10, 100), ("2", 10, 100), ("3", 10, 90), ("4", 2, 100)]);
        let parts = bought.take_back("17850", "22423", 5, 100, false);
        assert_eq!(undone(&parts), [(5, Some("2"))]);
        let parts = bought.take_back("17850", "22423", 6, 100, false);
        assert_eq!(undone(&parts), [(6, Some("1"))]);
        let parts = bought.take_back("17850", "22423", 6, 100, false);
        assert_eq!(undone(&parts), [(6, Some("3"))]);
    }

    #[test]
    fn what_no_single_order_covers_is_split_and_the_rest_is_unknown() {
        let mut bought = purchases(&[("1", 3, 100), ("2", 4, 100)]);
        let parts = bought.take_back("17850", "22423", 9, 100, false);
        assert_eq!(undone(&parts), [(4, Some("2")), (3, Some("1")), (2, None)]);
        let parts = bought.take_back("17850", "22423", 1, 100, false);
        assert_eq!(undone(&parts), [(1, None)]);
        let parts = bought.take_back("12346", "22423", 1, 100, false);
        assert_eq!(undone(&parts), [(1, None)]);
    }

    #[test]
    fn fees_are_undone_at_their_price_only() {
        let mut bought = purchases(&[("1", 1, 500), ("2", 1, 300)]);
        let parts = bought.take_back("17850", "22423", 1, 500, true);
        assert_eq!(undone(&parts), [(1, Some("1"))]);
        let parts = bought.take_back("17850", "22423", 1, 500, true);
        assert_eq!(undone(&parts), [(1, None)]);
    }
}
