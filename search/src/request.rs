use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::Status;
use crate::range::NumberRange;

/// The most hits of a page; engines cut longer ones down.
pub const MAX_LIMIT: usize = 1_000;
/// The characters of a query that count; engines leave out the rest.
pub const MAX_WORDS_CHARS: usize = 512;
/// The hits that a search should have: where fewer have all of the words, such as have some of them follow.
pub const FULL_PAGE: usize = 24;
/// The values that a facet answers with: the most frequent ones.
pub const MAX_FACET_VALUES: usize = 100;

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a wish of its own, and none follows from another"
)]
pub struct Request {
    /// What was typed, in no syntax: every character means itself. Empty: everything.
    pub words: String,
    /// Whether the last word is still being typed, so that it may be the beginning of a longer one.
    pub as_you_type: bool,
    /// Whether every hit has all of the words, if any product has. Otherwise, in the order of relevance, such as have some of them come
    /// after those that have all, until there are [`FULL_PAGE`].
    pub all_words: bool,
    /// What every hit fulfils.
    pub filter: Filter,
    /// Which counts to answer with.
    pub facets: Vec<Facet>,
    /// Whether to answer with price statistics.
    pub price_statistics: bool,
    /// The order of the hits.
    pub sort: Sort,
    /// Which of the hits to answer with.
    pub page: Page,
    /// Whether hits say where the words are.
    pub highlight: bool,
}

impl Request {
    /// The order that it comes to: without words nothing is more relevant, and the newest comes first.
    #[must_use]
    pub fn effective_sort(&self) -> Sort {
        match self.sort {
            Sort::Relevance if self.words.trim().is_empty() => Sort::Newest,
            sort => sort,
        }
    }
}

/// What every hit fulfils; by default nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Is in one of these categories or below it; empty: any.
    pub categories: Vec<String>,
    /// Costs that much.
    pub price: PriceRange,
    /// There is some, or none.
    pub in_stock: Option<bool>,
    /// Is in one of these; empty: any.
    pub statuses: Vec<Status>,
    /// For every key the attribute has one of the values. A text means itself, and the number or boolean of that spelling: `4.0` finds
    /// that text and the number 4. No value finds nothing.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// For every key, beside the values in `attributes`: the attribute is a number of one of the ranges.
    pub ranges: BTreeMap<String, Vec<NumberRange>>,
    /// Is one of these; `None`: any.
    pub ids: Option<Vec<String>>,
    /// Is none of these.
    pub exclude_ids: Vec<String>,
}

/// A range of prices, both ends in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceRange {
    /// In this currency; `None`: any, and amounts are compared as they are.
    pub currency: Option<String>,
    /// At least that many minor units.
    pub min: Option<i64>,
    /// At most that many minor units.
    pub max: Option<i64>,
}

/// Something to count hits by. The counts of a facet are those of all hits that there would be without the filter on the facet
/// itself, so that choosing one value leaves the other values to choose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// By category, ancestors included: a product in `a/b` counts for `a` and for `a/b`. With categories in the filter those right below
    /// them; where there are none, those beside them.
    Category,
    /// By whether there is some: `true` and `false`.
    InStock,
    /// By the value of an attribute.
    Attribute(String),
}

/// The order of the hits. Where it leaves two equal, the ids decide, ascending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// The best match first.
    #[default]
    Relevance,
    /// By currency, in each the cheapest first: amounts of different currencies are not compared.
    PriceAsc,
    /// The other way round.
    PriceDesc,
    /// The newest first.
    Newest,
    /// By name as [`crate::normalise`] writes it, code point by code point.
    Name,
    /// The one that sold the most units first.
    BestSelling,
}

/// Which of the hits to answer with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many at most, up to [`MAX_LIMIT`]; 0: only counts.
    pub limit: usize,
    /// Where they begin.
    pub start: Start,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            limit: 20,
            start: Start::Offset(0),
        }
    }
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// After that many hits.
    Offset(usize),
    /// Right after the hit with this key and id; not in the order of relevance. Stays in place when hits before it come and go.
    After(Key, String),
    /// The page that ends right before the hit with this key and id, its hits in the usual order; not in the order of relevance.
    Before(Key, String),
}

/// What a hit is sorted by, in every order but that of relevance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// A time in microseconds since 1970, or units.
    Integer(i64),
    /// A normalised name.
    Text(String),
    /// A currency and an amount in it.
    Price(String, i64),
}

impl Key {
    /// The key of a price.
    pub(crate) fn price(currency: &str, amount: i64) -> Self {
        Self::Price(currency.to_owned(), amount)
    }
}
