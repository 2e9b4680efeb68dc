//! Products by search: found by the engine, shown as the read model has them now.

use std::collections::HashMap;

use proto::v1::{
    Freshness, ListProductsRequest, PageInfo, PriceFacet, Product, SearchHit, SearchProductsReply,
    SearchProductsRequest, ValueCount, ValueFacet,
};
use search::{Answer, MAX_LIMIT, Page, Start};

use super::request::{Search, facet_name};
use crate::Query;
use crate::error::Error;
use crate::products::list as catalogue;
use crate::products::list::Filter;

/// What search results are answered from.
const MODELS: &[&str] = &["products", "stock", "search_settings"];
/// The same, in the order of sales.
const MODELS_BY_SALES: &[&str] = &["products", "stock", "search_settings", "product_sales"];
/// Of more hits than that only the best are put into an order that the engine does not keep.
const MAX_SORTED: usize = 10_000;

pub(super) async fn search(query: &Query, mut asked: SearchProductsRequest) -> Result<SearchProductsReply, Error> {
    let listed = asked.list.get_or_insert_default();
    let filter = Filter::new(listed)?;
    let context = listed.context.clone();
    // The engine does not have what is deleted.
    let only_list = listed.deleted;
    let by_sales = listed.sort.ends_with("sold");
    let search = Search::new(&asked, &filter)?;
    let models = if by_sales { MODELS_BY_SALES } else { MODELS };
    let engine = query.search().filter(|_| !only_list);
    let freshness = match engine {
        Some(engine) => query.fresh_in_index(context.as_ref(), models, engine).await?,
        None => query.fresh(context.as_ref(), models).await?,
    };
    let listed = asked.list.unwrap_or_default();
    let Some(engine) = engine else {
        return from_list(query, listed, &filter, &search, freshness, !only_list).await;
    };
    if search.list_cursor && !search.sorted_by_list {
        // A page of the read model goes on as one, whoever could answer by now.
        return from_list(query, listed, &filter, &search, freshness, true).await;
    }
    let mut request = search.request.clone();
    if !filter.sku().is_empty() {
        request.filter.ids = Some(catalogue::ids_of_sku(query.pool(), filter.sku()).await?);
    }
    if search.sorted_by_list {
        let Some((ids, mut answer)) = all_ids(engine, request).await else {
            return from_list(query, listed, &filter, &search, freshness, true).await;
        };
        answer.hits.clear();
        let (products, page) = catalogue::among(query.pool(), &listed, &filter, &ids).await?;
        let hits = products.into_iter().map(bare).collect();
        return Ok(reply(answer, hits, page, freshness, asked.facets.iter().any(is_price)));
    }
    request.page = search.window.page();
    let Some(mut answer) = engine.find(&request).await else {
        return from_list(query, listed, &filter, &search, freshness, true).await;
    };
    let (prev_cursor, next_cursor) = search.window.cut(&mut answer.hits, answer.total);
    let hits = hydrate(query, &mut answer, filter.include_hidden()).await?;
    let page = PageInfo {
        next_cursor,
        prev_cursor,
    };
    Ok(reply(answer, hits, page, freshness, asked.facets.iter().any(is_price)))
}

fn is_price(facet: &String) -> bool {
    facet == "price"
}

/// Every id that the engine finds, and the answer without them.
async fn all_ids(engine: &super::SearchEngine, mut request: search::Request) -> Option<(Vec<String>, Answer)> {
    request.highlight = false;
    request.page = Page {
        limit: MAX_LIMIT,
        start: Start::Offset(0),
    };
    let mut answer = engine.find(&request).await?;
    let mut ids: Vec<String> = std::mem::take(&mut answer.hits).into_iter().map(|hit| hit.id).collect();
    request.facets.clear();
    request.price_statistics = false;
    while ids.len() < MAX_SORTED && (ids.len() as u64) < answer.total {
        request.page.start = Start::Offset(ids.len());
        let more = engine.find(&request).await?.hits;
        if more.is_empty() {
            break;
        }
        ids.extend(more.into_iter().map(|hit| hit.id));
    }
    Some((ids, answer))
}

/// The products of the hits, in one statement. What is gone by now, or hidden, is left out.
async fn hydrate(query: &Query, answer: &mut Answer, include_hidden: bool) -> Result<Vec<SearchHit>, Error> {
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

fn bare(product: Product) -> SearchHit {
    SearchHit {
        product: Some(product),
        ..SearchHit::default()
    }
}

fn reply(
    answer: Answer,
    hits: Vec<SearchHit>,
    page: PageInfo,
    freshness: Freshness,
    has_prices: bool,
) -> SearchProductsReply {
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
        degraded: false,
    }
}

/// The answer of the read model, which finds the words letter by letter.
async fn from_list(
    query: &Query,
    mut listed: ListProductsRequest,
    filter: &Filter,
    search: &Search,
    freshness: Freshness,
    degraded: bool,
) -> Result<SearchProductsReply, Error> {
    metrics::counter!("tillroll_search_answers_total", "by" => "database").increment(1);
    if search.window.cursor.is_some()
        && let Some(page) = &mut listed.page
    {
        page.cursor.clear();
    }
    let (products, page) = catalogue::page(query.pool(), &listed, filter, search.window.at()).await?;
    Ok(SearchProductsReply {
        hits: products.into_iter().map(bare).collect(),
        page: Some(page),
        freshness: Some(freshness),
        degraded,
        ..SearchProductsReply::default()
    })
}
