//! Answers a request.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use meilisearch_sdk::client::Client;
use meilisearch_sdk::search::{MatchingStrategies, SearchQuery, SearchResult, SearchResults, Selectors};

use super::client::Http;
use super::query::{Part, base, field, filter, join, page, parts, words};
use super::row::{Shown, unhex};
use super::settings::stop_words;
use super::tasks::failed;
use crate::Error;
use crate::answer::{Answer, FacetCounts, Hit, PriceStatistics, ValueCount};
use crate::categories;
use crate::correction::{MAX_TRIED, Nearest, queries, shown};
use crate::highlight::{marked, marks, snippet};
use crate::request::{FULL_PAGE, Facet, Key, MAX_FACET_VALUES, MAX_LIMIT, Page, Request, Sort, Start};
use crate::stop_words::StopWords;
use crate::text::normalise;
use crate::words::Asked;

/// The words of a query that the server looks at.
const MAX_WORDS: usize = 10;

const SHOWN: &[&str] = &[
    "created",
    "currency",
    "description",
    "id",
    "in_description",
    "in_name",
    "name",
    "price",
    "units_sold",
];

type Distribution = HashMap<String, HashMap<String, usize>>;

/// A search in one index.
pub(super) struct Search<'a> {
    pub(super) client: &'a Client<Http>,
    /// The name on the server, and the one that the caller knows.
    pub(super) uid: &'a str,
    pub(super) index: &'a str,
    pub(super) request: &'a Request,
}

/// One of several searches that are sent at once.
pub(super) struct Counted<'a> {
    pub(super) words: &'a str,
    pub(super) filter: String,
    pub(super) facets: Vec<String>,
    pub(super) strategy: MatchingStrategies,
}

impl Search<'_> {
    pub(super) async fn answer(&self) -> Result<Answer, Error> {
        if self.request.words.trim().is_empty() {
            return Ok(self.with(&[], MatchingStrategies::ALL).await?.0);
        }
        let mut typed = self.stop_words().await?.asked(self.request);
        typed.truncate(MAX_WORDS);
        let asked: Vec<String> = typed.iter().map(|word| word.text.clone()).collect();
        if asked.is_empty() {
            // What was typed has no word in it.
            return Ok(Answer {
                facets: self.facets(|_| HashMap::new()),
                ..Answer::default()
            });
        }
        let (strict, any) = self.with(&asked, MatchingStrategies::ALL).await?;
        if any {
            return self.filled(&asked, strict).await;
        }
        let (mut relaxed, mut any) = self.with(&asked, MatchingStrategies::FREQUENCY).await?;
        if !any {
            // The rarest words are never left out, not even such as no product has together, or at all.
            let known = self.known(&asked).await?;
            if !known.is_empty() {
                (relaxed, any) = self.with(&known, MatchingStrategies::LAST).await?;
            }
        }
        relaxed.relaxed = any;
        relaxed.correction = self.correction(&typed).await?;
        Ok(relaxed)
    }

    /// What has all of the words, and behind it, if that is less than a full page, the best of what has some of them.
    async fn filled(&self, asked: &[String], mut strict: Answer) -> Result<Answer, Error> {
        let request = self.request;
        let wanted = !request.all_words && request.effective_sort() == Sort::Relevance;
        let (Start::Offset(offset), Ok(full)) = (&request.page.start, usize::try_from(strict.total)) else {
            return Ok(strict);
        };
        if !wanted || asked.len() < 2 || full >= FULL_PAGE || request.page.limit == 0 {
            return Ok(strict);
        }
        // The server puts what has all of the words first.
        let best = Request {
            page: Page {
                limit: FULL_PAGE,
                start: Start::Offset(0),
            },
            ..request.clone()
        };
        let best = Search {
            request: &best,
            ..*self
        };
        let (words, filter) = (words(asked, request.as_you_type), filter(&request.filter, None));
        let (found, _) = best.send(&words, &filter, &MatchingStrategies::FREQUENCY, &[]).await?;
        let others: Vec<_> = found.into_iter().skip(full).collect();
        strict.partial = others.len() as u64;
        let open = request.page.limit.min(MAX_LIMIT) - strict.hits.len();
        let shown = others.into_iter().skip(offset.saturating_sub(full)).take(open);
        strict.hits.extend(shown.map(|found| self.hit(asked, found)));
        Ok(strict)
    }

    async fn stop_words(&self) -> Result<StopWords, Error> {
        let index = self.client.index(self.uid);
        let set = index.get_typo_tolerance().await;
        set.map(stop_words).map_err(|error| failed(self.index, "search", error))
    }

    /// Those of the words that a product has, whatever values of facets are chosen, the rarest first.
    async fn known(&self, asked: &[String]) -> Result<Vec<String>, Error> {
        let index = self.client.index(self.uid);
        let alone: Vec<String> = asked
            .iter()
            .map(|word| words(std::slice::from_ref(word), false))
            .collect();
        let counted: Vec<Counted<'_>> = alone
            .iter()
            .map(|words| Counted {
                words,
                filter: base(&self.request.filter),
                facets: Vec::new(),
                strategy: MatchingStrategies::ALL,
            })
            .collect();
        let mut search = self.client.multi_search();
        for part in &counted {
            search.with_search_query(count(&index, part, &[]));
        }
        let answer = search.execute::<Shown>().await;
        let results = answer.map_err(|error| failed(self.index, "search", error))?.results;
        let hits = results.iter().map(|result| result.total_hits.unwrap_or_default());
        let mut known: Vec<(usize, &String)> = hits.zip(asked).filter(|(hits, _)| *hits > 0).collect();
        known.sort_by_key(|(hits, _)| *hits);
        Ok(known.into_iter().map(|(_, word)| word.clone()).collect())
    }

    /// The answer, and whether any product has the words, whatever values of facets are chosen. No words: every product has them.
    async fn with(&self, asked: &[String], strategy: MatchingStrategies) -> Result<(Answer, bool), Error> {
        let request = self.request;
        let words = &words(asked, request.as_you_type);
        let full = filter(&request.filter, None);
        let filtered: Vec<Part> = parts(&request.filter).into_iter().map(|(part, _)| part).collect();
        let own = |facet: &&Facet| filtered.contains(&Part::Facet((*facet).clone()));
        let part = |filter: String, facets: Vec<String>| Counted {
            words,
            filter,
            facets,
            strategy: strategy.clone(),
        };

        // Everything that is counted under the whole filter, then each facet that leaves a part out, then the prices.
        let shared = request.facets.iter().filter(|facet| !own(facet)).map(field);
        let mut counted = vec![
            part(full.clone(), shared.collect()),
            part(base(&request.filter), Vec::new()),
        ];
        let alone: Vec<&Facet> = request.facets.iter().filter(own).collect();
        for facet in &alone {
            let without = filter(&request.filter, Some(&Part::Facet((*facet).clone())));
            counted.push(part(without, vec![field(facet)]));
        }
        let of_prices = filter(&request.filter, Some(&Part::Price));
        if request.price_statistics {
            counted.push(part(of_prices.clone(), vec!["currency".to_owned()]));
        }
        let (results, mut counts) = self.send(words, &full, &strategy, &counted).await?;
        let mut hits: Vec<Hit> = results.into_iter().map(|hit| self.hit(asked, hit)).collect();
        if matches!(request.page.start, Start::Before(..)) {
            hits.reverse();
        }

        let total = |at: usize| counts.get(at).and_then(|counts| counts.total_hits).unwrap_or_default();
        let (total, any) = (total(0), total(1) > 0);
        let prices = match counts.pop_if(|_| request.price_statistics) {
            None => Vec::new(),
            Some(counts) => {
                let currencies = counts
                    .facet_distribution
                    .unwrap_or_default()
                    .remove("currency")
                    .unwrap_or_default();
                self.prices(part(of_prices, Vec::new()), &currencies).await?
            }
        };
        let mut distributions: Distribution = HashMap::new();
        for counts in counts {
            distributions.extend(counts.facet_distribution.unwrap_or_default());
        }
        let answer = Answer {
            hits,
            total: total as u64,
            facets: self.facets(|facet| distributions.remove(&field(facet)).unwrap_or_default()),
            prices,
            ..Answer::default()
        };
        Ok((answer, any))
    }

    /// The hits and the counts, in one request.
    async fn send(
        &self,
        words: &str,
        full: &str,
        strategy: &MatchingStrategies,
        counted: &[Counted<'_>],
    ) -> Result<(Vec<SearchResult<Shown>>, Vec<SearchResults<Shown>>), Error> {
        let index = self.client.index(self.uid);
        let page = page(self.request);
        let limit = self.request.page.limit.min(MAX_LIMIT);
        let on_page = join(full, page.condition.as_deref());
        let sort: Vec<&str> = page.sort.iter().map(String::as_str).collect();
        let mut of_hits = SearchQuery::new(&index);
        of_hits
            .with_query(words)
            .with_filter(&on_page)
            .with_offset(page.offset.min(u32::MAX as usize))
            .with_limit(limit)
            .with_sort(&sort)
            .with_matching_strategy(strategy.clone())
            .with_attributes_to_retrieve(Selectors::Some(SHOWN))
            .with_show_ranking_score(true)
            .with_show_matches_position(self.request.highlight);
        let facets: Vec<Vec<&str>> = counted
            .iter()
            .map(|part| part.facets.iter().map(String::as_str).collect())
            .collect();
        let mut search = self.client.multi_search();
        search.with_search_query(of_hits);
        for (part, facets) in counted.iter().zip(&facets) {
            search.with_search_query(count(&index, part, facets));
        }
        let answer = search.execute::<Shown>().await;
        let mut results = answer.map_err(|error| failed(self.index, "search", error))?.results;
        if results.is_empty() {
            return Ok((Vec::new(), results));
        }
        let counts = results.split_off(1);
        let hits = results.into_iter().flat_map(|result| result.hits);
        Ok((hits.collect(), counts))
    }

    fn hit(&self, asked: &[String], found: SearchResult<Shown>) -> Hit {
        let shown = found.result;
        let sort = self.request.effective_sort();
        let key = match sort {
            Sort::Relevance => None,
            Sort::PriceAsc | Sort::PriceDesc => {
                Some(Key::price(&unhex(&shown.currency).unwrap_or_default(), shown.price))
            }
            Sort::Newest => Some(Key::Integer(shown.created)),
            Sort::Name => Some(Key::Text(normalise(&shown.name))),
            Sort::BestSelling => Some(Key::Integer(shown.units_sold)),
        };
        let (mut name, mut part) = (None, None);
        if self.request.highlight {
            let mut words: HashSet<&str> = asked.iter().map(String::as_str).collect();
            let positions = found.matches_position.unwrap_or_default();
            for (field, text) in [("in_name", &shown.in_name), ("in_description", &shown.in_description)] {
                let ranges = positions.get(field).into_iter().flatten();
                words.extend(ranges.map(|range| word_at(text, range.start)));
            }
            // Which words begin like an unfinished one is not always told.
            let begun = asked.last().filter(|_| self.request.as_you_type);
            let is_found = |word: &str| words.contains(word) || begun.is_some_and(|begun| word.starts_with(begun));
            name = Some(marked(&shown.name, &marks(&shown.name, is_found)));
            if !shown.description.is_empty() {
                part = Some(snippet(&shown.description, &marks(&shown.description, is_found)));
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "a score between 0 and 1")]
        let score = found.ranking_score.unwrap_or_default() as f32;
        Hit {
            id: shown.id,
            score: if key.is_none() { score } else { 0.0 },
            key,
            name,
            snippet: part,
        }
    }

    fn facets(&self, mut counts: impl FnMut(&Facet) -> HashMap<String, usize>) -> Vec<FacetCounts> {
        let facets = self.request.facets.iter().map(|facet| {
            let mut sums: BTreeMap<String, u64> = BTreeMap::new();
            for (code, count) in counts(facet).into_iter().filter(|(_, count)| *count > 0) {
                let value = match facet {
                    // Numbers come back as texts.
                    Facet::InStock => Some((code.trim_end_matches(".0") == "1").to_string()),
                    Facet::Category | Facet::Attribute(_) => unhex(&code),
                };
                if let Some(value) = value {
                    // A number and the text that reads the same are one choice.
                    *sums.entry(value).or_default() += count as u64;
                }
            }
            let chosen = &self.request.filter.categories;
            let offered =
                (*facet == Facet::Category).then(|| categories::parents(chosen, sums.keys().map(String::as_str)));
            let is_offered = |path: &str| {
                let parents = offered.as_ref().and_then(Option::as_ref);
                parents.is_none_or(|parents| parents.contains(categories::parent(path)))
            };
            let mut values: Vec<ValueCount> = sums
                .iter()
                .filter(|(value, _)| is_offered(value))
                .map(|(value, count)| ValueCount {
                    value: value.clone(),
                    count: *count,
                })
                .collect();
            values.sort_by_key(|value| Reverse(value.count));
            values.truncate(MAX_FACET_VALUES);
            FacetCounts {
                facet: facet.clone(),
                values,
            }
        });
        facets.collect()
    }

    /// Lowest and highest are what Meilisearch knows; the sum follows from how many amounts have which bit.
    async fn prices(
        &self,
        mut part: Counted<'_>,
        currencies: &HashMap<String, usize>,
    ) -> Result<Vec<PriceStatistics>, Error> {
        let mut currencies: Vec<(&String, &usize)> = currencies.iter().filter(|(_, count)| **count > 0).collect();
        currencies.sort_unstable();
        if currencies.is_empty() {
            return Ok(Vec::new());
        }
        part.facets = currencies
            .iter()
            .flat_map(|(code, _)| [format!("prices.{code}"), format!("bits.{code}")])
            .collect();
        let facets: Vec<&str> = part.facets.iter().map(String::as_str).collect();
        let index = self.client.index(self.uid);
        let answer = count(&index, &part, &facets).execute::<Shown>().await;
        let answer = answer.map_err(|error| failed(self.index, "search", error))?;
        let (ranges, bits) = (
            answer.facet_stats.unwrap_or_default(),
            answer.facet_distribution.unwrap_or_default(),
        );
        let of_one = |(code, count): (&String, &usize)| {
            let range = ranges.get(&format!("prices.{code}"))?;
            let bits = bits.get(&format!("bits.{code}")).into_iter().flatten();
            let sum = bits.filter_map(|(bit, count)| {
                let bit: u32 = bit.trim_end_matches(".0").parse().ok()?;
                i128::try_from(*count).ok()?.checked_shl(bit)
            });
            #[expect(clippy::cast_possible_truncation, reason = "exact below 2^53, and amounts are")]
            Some(PriceStatistics {
                currency: unhex(code)?,
                min: range.min as i64,
                max: range.max as i64,
                sum: sum.sum(),
                count: *count as u64,
            })
        };
        Ok(currencies.into_iter().filter_map(of_one).collect())
    }

    /// The nearest query of frequent words, of products that fulfil the filter, that would find something.
    async fn correction(&self, asked: &[Asked]) -> Result<Option<String>, Error> {
        let index = self.client.index(self.uid);
        let all = Counted {
            words: "",
            filter: base(&self.request.filter),
            facets: Vec::new(),
            strategy: MatchingStrategies::ALL,
        };
        let known = count(&index, &all, &["words"]).execute::<Shown>().await;
        let known = known.map_err(|error| failed(self.index, "search", error))?;
        let known = known
            .facet_distribution
            .unwrap_or_default()
            .remove("words")
            .unwrap_or_default();
        let mut candidates = Vec::with_capacity(asked.len());
        for word in asked {
            if known.contains_key(&word.text) {
                candidates.push(vec![word.text.clone()]);
                continue;
            }
            let mut nearest = Nearest::new(&word.text);
            for (known, products) in &known {
                nearest.add(known, *products as u64);
            }
            candidates.push(nearest.words().take(MAX_TRIED).collect());
        }
        for query in queries(&candidates) {
            if query.iter().eq(asked.iter().map(|word| &word.text)) {
                continue;
            }
            let typed = words(&query, false);
            let part = Counted {
                words: &typed,
                filter: all.filter.clone(),
                facets: Vec::new(),
                strategy: MatchingStrategies::ALL,
            };
            let found = count(&index, &part, &[]).execute::<Shown>().await;
            let found = found.map_err(|error| failed(self.index, "search", error))?;
            if found.total_hits.is_some_and(|hits| hits > 0) {
                return Ok(Some(shown(&query, asked)));
            }
        }
        Ok(None)
    }
}

/// The whole word around a place in a text of words with spaces between them.
fn word_at(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or_default();
    let start = before.rfind(' ').map_or(0, |space| space + 1);
    let word = text.get(start..).unwrap_or_default();
    word.split(' ').next().unwrap_or_default()
}

pub(super) fn count<'a>(
    index: &'a meilisearch_sdk::indexes::Index<Http>,
    part: &'a Counted<'_>,
    facets: &'a [&'a str],
) -> SearchQuery<'a, Http> {
    let mut query = SearchQuery::new(index);
    query
        .with_query(part.words)
        .with_filter(&part.filter)
        .with_page(1)
        .with_hits_per_page(0)
        .with_matching_strategy(part.strategy.clone());
    if !facets.is_empty() {
        query.with_facets(Selectors::Some(facets));
    }
    query.build()
}
