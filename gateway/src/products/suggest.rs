//! `GET /v1/products/suggest`

use axum::{extract::State, response::Response};
use http::{HeaderValue, StatusCode};
use proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::found::{AnsweredBy, CATEGORY, DEGRADED, Highlight, answered_by, own_name};
use super::same::one_of_each;
use crate::{
    app_state::AppState,
    auth::Visitor,
    call::{CALL, ask, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    money::Money,
    params::{Params, params},
    problem::Problem,
    reply::Reply,
};

/// Suggestions, unless said otherwise.
const LIMIT: u32 = 8;
/// Most suggestions.
const MAX_LIMIT: u32 = 20;
/// For every suggestion so many hits are looked at first, since several may be makes of one product.
const MAKES: u32 = 4;
/// While fewer products than suggestions differ, so many hits more are looked at, so many times.
const MORE: u32 = 200;
const TIMES: usize = 3;
/// Most categories.
const CATEGORIES: usize = 4;

params! {
    /// What is being typed.
    pub(crate) struct Typed {
        /// What was typed so far. The last word may be the beginning of one.
        #[param(example = "red mu")]
        q: String = required_text(),
        /// Only products of this category or one below it. Repeatable: any of them.
        #[param(required = false)]
        category: Vec<String> = several_ruled(&values::CATEGORY),
        /// Only products that can, or cannot, be ordered now.
        in_stock: Option<bool> = boolean(),
        /// Suggestions at most, 1 to 20. 8, unless said otherwise.
        #[param(required = false)]
        limit: u32 = |values| values.number("limit", 1..=MAX_LIMIT).unwrap_or(LIMIT),
    }
}

/// Products that somebody may be typing the name of.
#[derive(Serialize, ToSchema)]
pub(crate) struct Suggestions {
    /// The best first; of a product that comes in several makes, one.
    items: Vec<Suggestion>,
    /// Categories of what is found: those that begin like the last word first, then those with the most products.
    categories: Vec<SuggestedCategory>,
    /// What several others searched for, and found, that begins like this.
    queries: Vec<String>,
    answered_by: AnsweredBy,
    /// How many products there are; only from the search engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// When nothing has all of the words: the nearest query that finds something.
    #[serde(skip_serializing_if = "Option::is_none")]
    correction: Option<String>,
}

/// A category to look in.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct SuggestedCategory {
    /// As the filter takes it.
    #[schema(example = "kitchen/mugs")]
    value: String,
    /// Its own name.
    #[schema(example = "mugs")]
    name: String,
    /// Products in it that are found.
    count: u64,
}

/// What a list under an input field shows of a product.
#[derive(Serialize, ToSchema)]
pub(crate) struct Suggestion {
    id: String,
    sku: String,
    name: String,
    category: String,
    price: Money,
    /// Whether it can be ordered now.
    in_stock: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    highlight: Option<Highlight>,
}

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::ProductsRead).handler(routes!(suggest_products))
}

/// Suggests products and categories while somebody types
#[utoipa::path(get, path = "/v1/products/suggest", tag = "products", params(Typed),
    responses((status = 200, description = "Suggestions", body = Suggestions,
        headers(("Search-Degraded" = String, description = "`true`: the search engine is away, and the database answered, or it takes no changes in, and the latest may be missing.")))))]
pub(crate) async fn suggest_products(
    State(app): State<AppState>,
    Visitor(_): Visitor,
    Params(typed): Params<Typed>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    let mut request = v1::SearchProductsRequest {
        list: Some(v1::ListProductsRequest {
            context: Some(context),
            page: Some(page(typed.limit * MAKES, String::new())),
            search: typed.q.clone(),
            categories: typed.category.clone(),
            in_stock: typed.in_stock,
            ..v1::ListProductsRequest::default()
        }),
        facets: vec![CATEGORY.to_owned()],
        highlight: true,
        as_you_type: true,
    };
    let mut reply = search(&app, request.clone()).await?;
    let limit = usize::try_from(typed.limit).unwrap_or(usize::MAX);
    request.facets.clear();
    let mut next = next_cursor(&reply);
    for _ in 0..TIMES {
        if next.is_empty() || one_of_each(&reply.hits).len() >= limit {
            break;
        }
        if let Some(list) = &mut request.list {
            list.page = Some(page(MORE, next));
        }
        let more = search(&app, request.clone()).await?;
        next = next_cursor(&more);
        reply.hits.extend(more.hits);
    }
    let degraded = reply.degraded;
    let different = one_of_each(&reply.hits).into_iter().cloned();
    let suggestions = Suggestions {
        answered_by: answered_by(&reply),
        total: reply.total,
        items: different.filter_map(suggestion).take(limit).collect(),
        correction: (!reply.correction.is_empty()).then_some(reply.correction),
        categories: categories(&reply.facets, &typed),
        queries: app
            .past_queries
            .as_ref()
            .map(|past| past.beginning(&typed.q))
            .unwrap_or_default(),
    };
    let mut answer = Reply::json(StatusCode::OK, &suggestions).freshness(reply.freshness);
    if degraded {
        answer = answer.header(DEGRADED, HeaderValue::from_static("true"));
    }
    Ok(answer.into())
}

async fn search(app: &AppState, request: v1::SearchProductsRequest) -> Result<v1::SearchProductsReply, Problem> {
    ask(CALL, app.search_query().search_products(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)
}

const fn page(limit: u32, cursor: String) -> v1::PageRequest {
    v1::PageRequest { limit, cursor }
}

fn next_cursor(reply: &v1::SearchProductsReply) -> String {
    reply
        .page
        .as_ref()
        .map(|page| page.next_cursor.clone())
        .unwrap_or_default()
}

fn categories(facets: &[v1::ValueFacet], typed: &Typed) -> Vec<SuggestedCategory> {
    // Counts of a facet leave its own filter aside, to choose another value by; here the filter stays.
    let wanted = |path: &str| typed.category.is_empty() || typed.category.iter().any(|wanted| is_in(path, wanted));
    let last = typed.q.split_whitespace().last().unwrap_or_default().to_lowercase();
    let begins = |path: &str| {
        let name = own_name(path).to_lowercase();
        !last.is_empty()
            && name
                .split(|character: char| !character.is_alphanumeric())
                .any(|word| word.starts_with(&last))
    };
    let counted = facets
        .iter()
        .filter(|facet| facet.name == CATEGORY)
        .flat_map(|facet| &facet.values)
        .filter(|counted| wanted(&counted.value));
    let mut counted: Vec<&v1::ValueCount> = counted.collect();
    counted.sort_by_key(|counted| (!begins(&counted.value), std::cmp::Reverse(counted.count)));
    let suggested = counted.into_iter().take(CATEGORIES).map(|counted| SuggestedCategory {
        name: own_name(&counted.value).to_owned(),
        value: counted.value.clone(),
        count: counted.count,
    });
    suggested.collect()
}

/// Whether a category is another one or below it.
fn is_in(path: &str, category: &str) -> bool {
    path.strip_prefix(category)
        .is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

fn suggestion(mut hit: v1::SearchHit) -> Option<Suggestion> {
    let highlight = Highlight::of(&mut hit).map(|highlight| Highlight {
        description: String::new(),
        ..highlight
    });
    let product = hit.product?;
    Some(Suggestion {
        id: product.id,
        sku: product.sku,
        name: product.name,
        category: product.category,
        price: product.price.unwrap_or_default().into(),
        in_stock: product.stock.unwrap_or_default().available > 0,
        highlight,
    })
}
