//! What entries add to the sums.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Datelike as _, Utc};
use domain::Currency;

use crate::sales::Dimension;
use crate::sales::entry::{CustomerType, Entry, Kind};

/// Seconds of the finest sums. All time zones of today are whole quarters of an hour away from UTC.
const QUARTER: i64 = 15 * 60;
const DAY: i64 = 24 * 60 * 60;

/// The sums of a row, in the order of their columns.
pub(crate) const MEASURES: [&str; 11] = [
    "orders",
    "units",
    "gross",
    "discounts",
    "tax",
    // By when it was given back.
    "credits",
    "credited_units",
    "credited_tax",
    // The same by when the order was placed that it undoes.
    "undone",
    "undone_units",
    "undone_tax",
];

/// What is added to a row.
pub(crate) type Delta = [i64; MEASURES.len()];

/// The identity of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot {
    pub(crate) dimension: Dimension,
    /// Start, in seconds since 1970.
    pub(crate) bucket: i64,
    pub(crate) currency: Currency,
    pub(crate) key: String,
    /// `None`: all of them in one.
    pub(crate) customer_type: Option<CustomerType>,
}

/// Sums by row.
pub(crate) type Sums = HashMap<Slot, Delta>;

/// What is added to the tables of sums.
#[derive(Default)]
pub(crate) struct Deltas {
    /// By the quarter of an hour, products by the day.
    pub(crate) fine: Sums,
    /// By the month.
    pub(crate) months: Sums,
    /// By the year: the products of each country.
    pub(crate) years: Sums,
    /// By the year: customers, whatever the types of their orders were.
    pub(crate) customers: Sums,
}

/// Whether something is put in or taken out again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Plus,
    Minus,
}

impl Deltas {
    /// Adds up entries in which those of a part stand together.
    pub(crate) fn add_all(&mut self, entries: &[Entry], sign: Sign) {
        for part in entries.chunk_by(|left, right| left.part() == right.part()) {
            self.add_part(part, sign);
        }
    }

    fn add_part(&mut self, part: &[Entry], sign: Sign) {
        let Some(first) = part.first() else { return };
        let mut parts: HashMap<(Dimension, &str), Vec<&Entry>> = HashMap::new();
        for entry in part {
            parts.entry((Dimension::Total, "")).or_default().push(entry);
            parts
                .entry((Dimension::Country, &entry.country))
                .or_default()
                .push(entry);
            parts
                .entry((Dimension::Customer, &entry.customer))
                .or_default()
                .push(entry);
            if entry.product.is_empty() {
                continue;
            }
            parts
                .entry((Dimension::Product, &entry.product))
                .or_default()
                .push(entry);
            parts
                .entry((Dimension::CountryProduct, &entry.product))
                .or_default()
                .push(entry);
            parts
                .entry((Dimension::CategoryOwn, &entry.category))
                .or_default()
                .push(entry);
            for path in with_ancestors(&entry.category) {
                parts.entry((Dimension::Category, path)).or_default().push(entry);
            }
        }
        for ((dimension, key), entries) in parts {
            let sum = |value: fn(&Entry) -> i64| {
                entries
                    .iter()
                    .fold(0, |sum: i64, entry| sum.saturating_add(value(entry)))
            };
            let (units, amount, tax) = (sum(|e| e.units), sum(|e| e.amount), sum(|e| e.tax));
            let mut put = |at: DateTime<Utc>, delta: Delta| {
                self.put(first, dimension, key, at, delta, sign);
            };
            if first.kind == Kind::Sale {
                let discounts = sum(|e| e.discounts);
                put(first.happened_at, [1, units, amount, discounts, tax, 0, 0, 0, 0, 0, 0]);
            } else {
                put(first.happened_at, [0, 0, 0, 0, 0, amount, units, tax, 0, 0, 0]);
                put(first.ordered_at, [0, 0, 0, 0, 0, 0, 0, 0, amount, units, tax]);
            }
        }
    }

    fn put(&mut self, entry: &Entry, dimension: Dimension, key: &str, at: DateTime<Utc>, delta: Delta, sign: Sign) {
        let key = match dimension {
            Dimension::CountryProduct => country_product(&entry.country, key),
            _ => key.to_owned(),
        };
        let slot = |bucket, customer_type| Slot {
            dimension,
            bucket,
            currency: entry.currency.0,
            key: key.clone(),
            customer_type,
        };
        let customer_type = Some(entry.customer_type);
        let seconds = at.timestamp();
        let fine = match dimension {
            Dimension::Customer | Dimension::CountryProduct => None,
            Dimension::Product => Some(DAY),
            _ => Some(QUARTER),
        };
        if let Some(length) = fine {
            let start = seconds.div_euclid(length) * length;
            add(&mut self.fine, slot(start, customer_type), delta, sign);
        }
        let first_of = |days: u32| seconds.div_euclid(DAY) * DAY - i64::from(days) * DAY;
        let (month, year) = (first_of(at.day0()), first_of(at.ordinal0()));
        match dimension {
            Dimension::CountryProduct => return add(&mut self.years, slot(year, customer_type), delta, sign),
            Dimension::Customer => add(&mut self.customers, slot(year, None), delta, sign),
            _ => {}
        }
        add(&mut self.months, slot(month, customer_type), delta, sign);
    }
}

/// The key of a product in a country. No country has the character between them in its name.
fn country_product(country: &str, product: &str) -> String {
    format!("{country}\u{1f}{product}")
}

fn add(sums: &mut Sums, slot: Slot, delta: Delta, sign: Sign) {
    let sum = sums.entry(slot).or_default();
    for (number, more) in sum.iter_mut().zip(delta) {
        *number = match sign {
            Sign::Plus => number.saturating_add(more),
            Sign::Minus => number.saturating_sub(more),
        };
    }
}

/// The paths from the top down to this one. Uncategorised is a category of its own.
fn with_ancestors(path: &str) -> BTreeSet<&str> {
    let ends = path.match_indices('/').map(|(end, _)| end);
    ends.filter_map(|end| path.get(..end)).chain([path]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_counts_for_those_above_it() {
        let paths = |path| with_ancestors(path).into_iter().collect::<Vec<_>>();
        assert_eq!(
            paths("kitchen/mugs/red"),
            ["kitchen", "kitchen/mugs", "kitchen/mugs/red"]
        );
        assert_eq!(paths("kitchen"), ["kitchen"]);
        assert_eq!(paths(""), [""]);
    }
}
