use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    Answer, Curation, Engine, Error, FacetCounts, Hit, MAX_FACET_VALUES, MAX_LIMIT, Page, PriceStatistics, Request,
    Sort, Start, ValueCount,
};

/// Searches, with what the shop set for the query ([`crate::Settings::curation`]): the pinned products come first and count as hits
/// wherever hits are counted, the hidden ones are none. The same with every engine.
///
/// Products are pinned in the order of relevance to some words. In other orders, and in the listing without words, pins change nothing.
pub async fn find(
    engine: &dyn Engine,
    index: &str,
    request: &Request,
    curation: Option<&Curation>,
) -> Result<Answer, Error> {
    let Some(curation) = curation else {
        return engine.search(index, request).await;
    };
    let mut others = request.clone();
    others.filter.exclude_ids.extend(curation.hidden.iter().cloned());
    let offset = match request.page.start {
        Start::Offset(offset) if request.effective_sort() == Sort::Relevance => offset,
        _ => return engine.search(index, &others).await,
    };
    let pinned = pinned_ids(curation);
    if pinned.is_empty() {
        return engine.search(index, &others).await;
    }

    let of_pins = of_pins(request, &others, &pinned);
    let mut pins = engine.search(index, &of_pins).await?;
    let order: HashMap<&str, usize> = pinned.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
    pins.hits.sort_by_key(|hit| order.get(hit.id.as_str()).copied());

    let limit = request.page.limit.min(MAX_LIMIT);
    let shown = pins.hits.into_iter().skip(offset).take(limit);
    let mut hits: Vec<Hit> = shown.map(|hit| Hit { key: None, ..hit }).collect();
    let before = usize::try_from(pins.total).unwrap_or(usize::MAX);
    others.page = Page {
        limit: limit - hits.len(),
        start: Start::Offset(offset.saturating_sub(before)),
    };
    others.filter.exclude_ids.extend(pinned);
    let answer = engine.search(index, &others).await?;
    hits.extend(answer.hits);
    Ok(Answer {
        hits,
        total: pins.total + answer.total,
        pinned: pins.total,
        partial: answer.partial,
        facets: answer
            .facets
            .into_iter()
            .zip(pins.facets)
            .map(|(left, right)| add_counts(left, right))
            .collect(),
        prices: add_prices(answer.prices, pins.prices),
        correction: answer.correction.filter(|_| pins.total == 0),
        relaxed: answer.relaxed,
    })
}

/// What is pinned, each once, and not hidden.
fn pinned_ids(curation: &Curation) -> Vec<String> {
    let mut seen: HashSet<&str> = curation.hidden.iter().map(String::as_str).collect();
    let once = curation.pinned.iter().filter(|id| seen.insert(id));
    once.take(MAX_LIMIT).cloned().collect()
}

/// The pinned products that fulfil the filter, whatever the words.
fn of_pins(request: &Request, others: &Request, pinned: &[String]) -> Request {
    let mut of_pins = others.clone();
    of_pins.words.clear();
    of_pins.filter.ids = Some(match &request.filter.ids {
        None => pinned.to_vec(),
        Some(asked) => {
            let asked: HashSet<&String> = asked.iter().collect();
            pinned.iter().filter(|id| asked.contains(id)).cloned().collect()
        }
    });
    of_pins.page = Page {
        limit: pinned.len(),
        start: Start::Offset(0),
    };
    of_pins
}

fn add_counts(left: FacetCounts, right: FacetCounts) -> FacetCounts {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for ValueCount { value, count } in left.values.into_iter().chain(right.values) {
        *counts.entry(value).or_default() += count;
    }
    let mut values: Vec<ValueCount> = counts
        .into_iter()
        .map(|(value, count)| ValueCount { value, count })
        .collect();
    values.sort_by_key(|value| std::cmp::Reverse(value.count));
    values.truncate(MAX_FACET_VALUES);
    FacetCounts {
        facet: left.facet,
        values,
    }
}

fn add_prices(left: Vec<PriceStatistics>, right: Vec<PriceStatistics>) -> Vec<PriceStatistics> {
    let mut sums: BTreeMap<String, PriceStatistics> = BTreeMap::new();
    for prices in left.into_iter().chain(right) {
        match sums.get_mut(&prices.currency) {
            None => {
                sums.insert(prices.currency.clone(), prices);
            }
            Some(sum) => {
                sum.min = sum.min.min(prices.min);
                sum.max = sum.max.max(prices.max);
                sum.sum += prices.sum;
                sum.count += prices.count;
            }
        }
    }
    sums.into_values().collect()
}
