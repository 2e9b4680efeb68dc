//! Counts by value, and prices.

use std::collections::{BTreeMap, HashMap};

use super::bits::Bits;
use super::filter::{Filtered, Part, Place};
use super::segment::Result;
use crate::answer::{FacetCounts, PriceStatistics, ValueCount};
use crate::categories;
use crate::document::ancestors;
use crate::request::{Facet, MAX_FACET_VALUES, Request};

/// Counts over segments.
pub(super) struct Counts<'a> {
    request: &'a Request,
    facets: Vec<HashMap<Box<str>, u64>>,
    prices: BTreeMap<Box<str>, PriceStatistics>,
}

impl<'a> Counts<'a> {
    pub(super) fn new(request: &'a Request) -> Self {
        Self {
            request,
            facets: request.facets.iter().map(|_| HashMap::new()).collect(),
            prices: BTreeMap::new(),
        }
    }

    /// Adds those of a segment. `all` are the documents that match and fulfil the filter.
    pub(super) fn add(
        &mut self,
        place: &Place<'_>,
        filtered: &Filtered,
        matching: Option<&Bits>,
        all: &Bits,
    ) -> Result<()> {
        for (facet, counts) in self.request.facets.iter().zip(&mut self.facets) {
            let part = Part::Facet(facet.clone());
            let without;
            let documents = if filtered.has(&part) {
                without = filtered.but(matching, &part);
                &without
            } else {
                all
            };
            count(place, facet, documents, counts)?;
        }
        if self.request.price_statistics {
            self.add_prices(place, &filtered.but(matching, &Part::Price));
        }
        Ok(())
    }

    fn add_prices(&mut self, place: &Place<'_>, documents: &Bits) {
        let columns = place.columns;
        let empty = |currency: &str| PriceStatistics {
            currency: currency.to_owned(),
            min: i64::MAX,
            max: i64::MIN,
            sum: 0,
            count: 0,
        };
        let mut prices: Vec<PriceStatistics> = columns.currency.values.iter().map(|currency| empty(currency)).collect();
        for document in documents.iter() {
            let Some(sums) = columns.currency.place(document).and_then(|at| prices.get_mut(at)) else {
                continue;
            };
            let price = columns.price[document as usize];
            sums.min = sums.min.min(price);
            sums.max = sums.max.max(price);
            sums.sum += i128::from(price);
            sums.count += 1;
        }
        for prices in prices.into_iter().filter(|prices| prices.count > 0) {
            match self.prices.get_mut(prices.currency.as_str()) {
                None => {
                    self.prices.insert(prices.currency.as_str().into(), prices);
                }
                Some(sums) => {
                    sums.min = sums.min.min(prices.min);
                    sums.max = sums.max.max(prices.max);
                    sums.sum += prices.sum;
                    sums.count += prices.count;
                }
            }
        }
    }

    pub(super) fn finish(self) -> (Vec<FacetCounts>, Vec<PriceStatistics>) {
        let facets = self.request.facets.iter().zip(self.facets).map(|(facet, mut counts)| {
            if *facet == Facet::Category {
                keep_offered(&mut counts, &self.request.filter.categories);
            }
            FacetCounts {
                facet: facet.clone(),
                values: most_frequent(counts),
            }
        });
        (facets.collect(), self.prices.into_values().collect())
    }
}

fn count(place: &Place<'_>, facet: &Facet, documents: &Bits, counts: &mut HashMap<Box<str>, u64>) -> Result<()> {
    let columns = place.columns;
    match facet {
        Facet::InStock => {
            let mut each = [0_u64; 2];
            for document in documents.iter() {
                each[usize::from(columns.in_stock[document as usize])] += 1;
            }
            for (value, count) in ["false", "true"].into_iter().zip(each).filter(|(_, count)| *count > 0) {
                *counts.entry(value.into()).or_default() += count;
            }
        }
        Facet::Category => {
            for (path, count) in columns.category.values.iter().zip(columns.category.count(documents)) {
                if count > 0 {
                    for ancestor in ancestors(path) {
                        *counts.entry(ancestor.into()).or_default() += u64::from(count);
                    }
                }
            }
        }
        Facet::Attribute(key) => {
            let values = columns.attribute(place.segment, key)?;
            for (value, count) in values.values.iter().zip(values.count(documents)) {
                if count > 0 {
                    *counts.entry(value.clone()).or_default() += u64::from(count);
                }
            }
        }
    }
    Ok(())
}

fn keep_offered(counts: &mut HashMap<Box<str>, u64>, chosen: &[String]) {
    let counted: Vec<Box<str>> = counts.keys().cloned().collect();
    if let Some(parents) = categories::parents(chosen, counted.iter().map(|path| &**path)) {
        counts.retain(|path, _| parents.contains(categories::parent(path)));
    }
}

fn most_frequent(counts: HashMap<Box<str>, u64>) -> Vec<ValueCount> {
    let mut counts: Vec<(Box<str>, u64)> = counts.into_iter().collect();
    let order =
        |left: &(Box<str>, u64), right: &(Box<str>, u64)| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0));
    if counts.len() > MAX_FACET_VALUES {
        counts.select_nth_unstable_by(MAX_FACET_VALUES, order);
        counts.truncate(MAX_FACET_VALUES);
    }
    counts.sort_unstable_by(order);
    let counts = counts.into_iter().map(|(value, count)| ValueCount {
        value: value.into(),
        count,
    });
    counts.collect()
}
