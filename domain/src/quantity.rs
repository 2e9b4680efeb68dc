//! Counts of things.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::ValueError;

/// A number of units: 1 to 1,000,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(i64);

impl Quantity {
    /// One unit.
    pub const ONE: Self = Self(1);
    /// The most units at once.
    pub const MAX: Self = Self(values::MAX_QUANTITY);

    /// Checks and takes a number of units.
    pub fn new(units: i64) -> Result<Self, ValueError> {
        values::quantity(units).map(Self)
    }

    /// The number of units.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum, if it is a quantity.
    pub fn checked_add(self, other: Self) -> Result<Self, ValueError> {
        // Neither is near the limit of 64 bits, so saturation only ever lands above the maximum.
        Self::new(self.0.saturating_add(other.0))
    }

    /// Adds up the quantities of each key: how many of each product the lines of an order take together.
    pub fn sum_by<K: Ord>(parts: impl IntoIterator<Item = (K, Self)>) -> Result<BTreeMap<K, Self>, ValueError> {
        let mut sums = BTreeMap::new();
        for (key, quantity) in parts {
            match sums.entry(key) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(quantity);
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    let sum = entry.get().checked_add(quantity)?;
                    entry.insert(sum);
                }
            }
        }
        Ok(sums)
    }
}

impl TryFrom<i64> for Quantity {
    type Error = ValueError;

    fn try_from(units: i64) -> Result<Self, Self::Error> {
        Self::new(units)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
