//! Products by search: found by the engine, shown as the read model has them now.

use std::collections::HashMap;

use proto::v1::{
    Freshness, ListProductsRequest, PageInfo, PriceFacet, Product, SearchHit, SearchProductsReply,
    SearchProductsRequest, ValueCount, ValueFacet,
};
use reads::Reads;
use search::{Answer, MAX_LIMIT, Page, Start};

use super::SearchEngine;
use super::cursor::Window;
use super::engine::Pins;
use super::fresh::fresh_in_index;
use super::request::{Search, facet_name};
use crate::error::Error;
use crate::products::Filter;
use crate::products::list as catalogue;

/// What search results are answered from.
const MODELS: &[&str] = &["products", "stock", "search_settings"];
/// The same, in the order of sales.
const MODELS_BY_SALES: &[&str] = &["products", "stock", "search_settings", "product_sales"];
/// The engine cannot sort by some fields; the read model then sorts this many of the best hits, and the others are left out.
const MAX_SORTED: usize = 10_000;

pub(super) async fn search(
    query: &Reads,
    engine: Option<&SearchEngine>,
    asked: SearchProductsRequest,
) -> Result<SearchProductsReply, Error> {
    let listed = asked.list.clone().unwrap_or_default();
    let filter = Filter::new(&listed)?;
    // The engine holds no deleted products, and no words for texts without letters and digits, such as a lone emoji.
    let words = listed.search.trim();
    let only_list = listed.deleted || (!words.is_empty() && !words.chars().any(char::is_alphanumeric));
    let by_sales = listed.sort.ends_with("sold");
    let search = Search::new(&asked, &filter)?;
    let models = if by_sales { MODELS_BY_SALES } else { MODELS };
    let context = listed.context.as_ref();
    let engine = engine.filter(|_| !only_list);
    let (freshness, engine) = match engine {
        Some(engine) => {
            let seen = fresh_in_index(query, context, models, engine).await?;
            // A cursor of the read model is continued by the read model, even if the engine could answer again.
            let goes_on = search.list_cursor && !search.sorted_by_list;
            (seen.freshness, Some(engine).filter(|_| seen.in_index && !goes_on))
        }
        None => (query.fresh(context, models).await?, None),
    };
    let Some(engine) = engine else {
        return from_list(query, listed, &filter, &search.window, freshness, !only_list).await;
    };
    let mut request = search.request;
    if !filter.sku().is_empty() {
        request.filter.ids = Some(catalogue::ids_of_sku(query.pool(), filter.sku()).await?);
    }
    let found = if search.sorted_by_list {
        by_list(query, engine, request, &listed, &filter).await?
    } else {
        by_engine(query, engine, request, search.window.clone(), filter.include_hidden()).await?
    };
    match found {
        Some(found) => Ok(reply(
            found,
            freshness,
            asked.facets.iter().any(is_price),
            engine.is_out(),
        )),
        None => from_list(query, listed, &filter, &search.window, freshness, true).await,
    }
}

/// What was found, and the page of it.
struct Found {
    answer: Answer,
    hits: Vec<SearchHit>,
    page: PageInfo,
}

/// A page in an order that the engine keeps; `None` when it does not answer.
async fn by_engine(
    query: &Reads,
    engine: &SearchEngine,
    request: search::Request,
    window: Window,
    include_hidden: bool,
) -> Result<Option<Found>, Error> {
    let [near, far] = window.pages();
    let mut found = find(
        engine,
        search::Request {
            page: near,
            ..request.clone()
        },
        Pins::OfRules,
    )
    .await;
    if found
        .as_ref()
        .is_some_and(|(request, answer)| !window.shows(&request.page, &answer.hits))
    {
        found = find(engine, search::Request { page: far, ..request }, Pins::OfRules).await;
    }
    let Some((request, mut answer)) = found else {
        return Ok(None);
    };
    let window = Window {
        begun: request.as_you_type,
        ..window
    };
    let (prev_cursor, next_cursor) = window.cut(&request.page, &mut answer.hits, answer.total + answer.partial);
    let hits = hydrate(query, &mut answer, include_hidden).await?;
    let page = PageInfo {
        next_cursor,
        prev_cursor,
    };
    Ok(Some(Found { answer, hits, page }))
}

/// A page in an order that the engine does not keep; `None` when it does not answer.
async fn by_list(
    query: &Reads,
    engine: &SearchEngine,
    request: search::Request,
    listed: &ListProductsRequest,
    filter: &Filter,
) -> Result<Option<Found>, Error> {
    let highlight = request.highlight;
    let Some((request, ids, answer)) = all_ids(engine, request).await else {
        return Ok(None);
    };
    let (products, page) = catalogue::among(query.pool(), listed, filter, &ids).await?;
    let mut hits: Vec<SearchHit> = products.into_iter().map(unmarked).collect();
    if highlight && !mark(engine, request, &mut hits).await {
        return Ok(None);
    }
    Ok(Some(Found { answer, hits, page }))
}

/// Has the engine say where the words are in products that it found; false when it does not answer.
async fn mark(engine: &SearchEngine, request: search::Request, hits: &mut [SearchHit]) -> bool {
    let ids = hits.iter().filter_map(|hit| Some(hit.product.as_ref()?.id.clone()));
    let request = search::Request {
        filter: search::Filter {
            ids: Some(ids.collect()),
            ..request.filter
        },
        highlight: true,
        page: Page {
            limit: hits.len(),
            start: Start::Offset(0),
        },
        ..request
    };
    let Some(answer) = engine.find(&request, Pins::None).await else {
        return false;
    };
    let mut marked: HashMap<String, search::Hit> = answer.hits.into_iter().map(|hit| (hit.id.clone(), hit)).collect();
    for hit in hits {
        if let Some(found) = hit.product.as_ref().and_then(|product| marked.remove(&product.id)) {
            hit.name = found.name.unwrap_or_default();
            hit.snippet = found.snippet.unwrap_or_default();
        }
    }
    true
}

fn is_price(facet: &String) -> bool {
    facet == "price"
}

/// What has all of the words; if nothing has, what has the beginnings of a longer last word, and the others. With the request that it
/// answers.
async fn find(engine: &SearchEngine, request: search::Request, pins: Pins) -> Option<(search::Request, Answer)> {
    let finds = |answer: &Answer| answer.total > answer.pinned && !answer.relaxed;
    let answer = engine.find(&request, pins).await?;
    if finds(&answer) || request.as_you_type || request.words.trim().is_empty() {
        return Some((request, answer));
    }
    let begun = search::Request {
        as_you_type: true,
        ..request.clone()
    };
    let wider = engine.find(&begun, pins).await?;
    Some(if finds(&wider) {
        (begun, wider)
    } else {
        (request, answer)
    })
}

/// Every id that the engine finds, and the answer without them; with the request that it answers, without counts.
async fn all_ids(engine: &SearchEngine, request: search::Request) -> Option<(search::Request, Vec<String>, Answer)> {
    // By relevance, for the best of many; but nothing is pinned in the order that is shown, and what has some of the words would not be
    // last in it.
    let request = search::Request {
        highlight: false,
        page: Page {
            limit: MAX_LIMIT,
            start: Start::Offset(0),
        },
        all_words: true,
        ..request
    };
    let (request, mut answer) = find(engine, request, Pins::None).await?;
    let mut ids: Vec<String> = std::mem::take(&mut answer.hits).into_iter().map(|hit| hit.id).collect();
    let mut rest = search::Request {
        facets: Vec::new(),
        price_statistics: false,
        ..request
    };
    while ids.len() < MAX_SORTED && (ids.len() as u64) < answer.total {
        rest.page.start = Start::Offset(ids.len());
        let more = engine.find(&rest, Pins::None).await?.hits;
        if more.is_empty() {
            break;
        }
        ids.extend(more.into_iter().map(|hit| hit.id));
    }
    Some((rest, ids, answer))
}

/// The products of the hits, in one statement. What is gone by now, or hidden, is left out.
async fn hydrate(query: &Reads, answer: &mut Answer, include_hidden: bool) -> Result<Vec<SearchHit>, Error> {
    let hits = std::mem::take(&mut answer.hits);
    if hits.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = hits.iter().map(|hit| hit.id.clone()).collect();
    let products = catalogue::of_ids(query.pool(), &ids, include_hidden).await?;
    let mut by_id: HashMap<String, Product> = products
        .into_iter()
        .map(|product| (product.id.clone(), product))
        .collect();
    let hit = |hit: search::Hit| {
        Some(SearchHit {
            product: Some(by_id.remove(&hit.id)?),
            name: hit.name.unwrap_or_default(),
            snippet: hit.snippet.unwrap_or_default(),
        })
    };
    Ok(hits.into_iter().filter_map(hit).collect())
}

/// A product without a word of where it was found.
fn unmarked(product: Product) -> SearchHit {
    SearchHit {
        product: Some(product),
        ..SearchHit::default()
    }
}

fn reply(found: Found, freshness: Freshness, has_prices: bool, degraded: bool) -> SearchProductsReply {
    let Found { answer, hits, page } = found;
    metrics::counter!("tillroll_search_answers_total", "by" => "search").increment(1);
    let facet = |counts: search::FacetCounts| ValueFacet {
        name: facet_name(&counts.facet),
        values: counts
            .values
            .into_iter()
            .map(|count| ValueCount {
                value: count.value,
                count: count.count,
            })
            .collect(),
    };
    let price = |prices: &search::PriceStatistics| PriceFacet {
        currency: prices.currency.clone(),
        min: prices.min,
        max: prices.max,
        average: prices.average(),
        count: prices.count,
    };
    SearchProductsReply {
        hits,
        page: Some(page),
        freshness: Some(freshness),
        total: Some(answer.total),
        prices: answer.prices.iter().map(price).collect(),
        facets: answer.facets.into_iter().map(facet).collect(),
        has_prices,
        correction: answer.correction.unwrap_or_default(),
        relaxed: answer.relaxed,
        by_search: true,
        degraded,
    }
}

/// The answer of the read model, which finds the words letter by letter.
async fn from_list(
    query: &Reads,
    mut listed: ListProductsRequest,
    filter: &Filter,
    window: &Window,
    freshness: Freshness,
    degraded: bool,
) -> Result<SearchProductsReply, Error> {
    metrics::counter!("tillroll_search_answers_total", "by" => "database").increment(1);
    if window.cursor.is_some()
        && let Some(page) = &mut listed.page
    {
        page.cursor.clear();
    }
    let (products, page) = catalogue::page(query.pool(), &listed, filter, window.at()).await?;
    Ok(SearchProductsReply {
        hits: products.into_iter().map(unmarked).collect(),
        page: Some(page),
        freshness: Some(freshness),
        degraded,
        ..SearchProductsReply::default()
    })
}
