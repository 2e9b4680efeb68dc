//! Ranges of numbers among the attributes. The server has attributes as codes, so a range is the values in it.

use std::collections::HashMap;

use meilisearch_sdk::search::MatchingStrategies;

use super::query::{base, field};
use super::row::{Shown, unhex};
use super::search::{Counted, Search, count};
use super::tasks::failed;
use crate::Error;
use crate::request::{Facet, Request};

impl Search<'_> {
    /// The same request with the values that there are in place of ranges; `None`: it has no ranges.
    pub(super) async fn without_ranges(&self) -> Result<Option<Request>, Error> {
        let ranges = &self.request.filter.ranges;
        if ranges.is_empty() {
            return Ok(None);
        }
        let place = |key: &String| field(&Facet::Attribute(key.clone()));
        let all = Counted {
            words: "",
            filter: base(&self.request.filter),
            facets: ranges.keys().map(place).collect(),
            strategy: MatchingStrategies::ALL,
        };
        let facets: Vec<&str> = all.facets.iter().map(String::as_str).collect();
        let index = self.client.index(self.uid);
        let found = count(&index, &all, &facets).execute::<Shown>().await;
        let found = found.map_err(|error| failed(self.index, "search", error))?;
        let mut known: HashMap<String, HashMap<String, usize>> = found.facet_distribution.unwrap_or_default();
        let mut request = self.request.clone();
        for (key, ranges) in std::mem::take(&mut request.filter.ranges) {
            let codes = known.remove(&place(&key)).unwrap_or_default();
            let values = codes.keys().filter_map(|code| unhex(code));
            let within = values.filter(|value| ranges.iter().any(|range| range.has(value)));
            request.filter.attributes.entry(key).or_default().extend(within);
        }
        Ok(Some(request))
    }
}
