use crate::request::{Facet, Key};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The page of hits.
    pub hits: Vec<Hit>,
    /// How many there are on all pages, exactly; but for those of `partial`.
    pub total: u64,
    /// How many products that have only some of the words come after those that have all. They are counted nowhere else.
    pub partial: u64,
    /// How many of them are only there because they are pinned: see [`crate::find()`].
    pub pinned: u64,
    /// The facets asked for, in the order of the request.
    pub facets: Vec<FacetCounts>,
    /// Price statistics by currency, in the order of the currencies, if asked for: of all hits that there would be without the bounds
    /// of the price.
    pub prices: Vec<PriceStatistics>,
    /// When nothing has all of the words, whatever values of facets are chosen: the nearest query that would find something.
    pub correction: Option<String>,
    /// Nothing has all of the words, whatever values of facets are chosen; these have some of them.
    pub relaxed: bool,
}

/// A product that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Its id.
    pub id: String,
    /// How well it matches; comparable within one answer only. 0 in orders other than by relevance.
    pub score: f32,
    /// What it is sorted by; `None` in the order of relevance. Goes into [`crate::Start::After`].
    pub key: Option<Key>,
    /// Its name as HTML, the words in `<mark>`; `None` if not asked for.
    pub name: Option<String>,
    /// The part of its description that has the words, as HTML, the words in `<mark>`, `…` where it was cut; its beginning if it has
    /// none of the words; `None` if not asked for or empty.
    pub snippet: Option<String>,
}

/// How many hits there are by value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetCounts {
    /// By what.
    pub facet: Facet,
    /// The values that at least one hit has, the most frequent first, then by value; at most [`crate::MAX_FACET_VALUES`].
    pub values: Vec<ValueCount>,
}

/// A value and how many hits have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueCount {
    /// As a filter takes it.
    pub value: String,
    /// Hits.
    pub count: u64,
}

/// Prices of the hits in one currency.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceStatistics {
    /// Which one.
    pub currency: String,
    /// The lowest amount.
    pub min: i64,
    /// The highest amount.
    pub max: i64,
    /// The sum of the amounts, for the average.
    pub sum: i128,
    /// Hits.
    pub count: u64,
}

impl PriceStatistics {
    /// The mean, rounded to whole minor units.
    #[must_use]
    pub fn average(&self) -> i64 {
        let count = i128::from(self.count.max(1));
        i64::try_from((2 * self.sum + count).div_euclid(2 * count)).unwrap_or(self.max)
    }
}
