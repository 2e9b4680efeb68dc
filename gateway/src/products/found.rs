//! What a search found, as clients see it.

use std::collections::BTreeMap;

use axum::response::Response;
use http::{HeaderName, HeaderValue, Uri};
use proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::ProductView;
use crate::{app_state::AppState, money::Money, page::Page};

/// `true`: the search engine is away, and the database answered, or it takes no changes in.
pub(crate) const DEGRADED: HeaderName = HeaderName::from_static("search-degraded");

/// Who answered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnsweredBy {
    /// The search engine.
    Search,
    /// The read model in the database.
    Database,
}

/// A page of products, and what else was asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = ProductPage)]
pub(crate) struct ProductPage {
    #[serde(flatten)]
    page: Page<FoundProduct>,
    /// `database` for listings without words, facets or highlights, and while the search engine is away.
    answered_by: AnsweredBy,
    /// Products on all pages; only from the search engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// By the names that were asked for: `category`, `in_stock`, `attr.<key>`, and `price` by currency. Counts of a facet leave its own
    /// filter out of account.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<BTreeMap<String, Vec<FacetEntry>>>,
    /// When nothing has all of the words: the nearest query that finds something.
    #[serde(skip_serializing_if = "Option::is_none")]
    correction: Option<String>,
    /// Nothing has all of the words; these products have some of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    relaxed: Option<bool>,
}

/// A product, and where it has the words.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundProduct {
    #[serde(flatten)]
    product: ProductView,
    #[serde(skip_serializing_if = "Option::is_none")]
    highlight: Option<Highlight>,
}

/// HTML with the words in `<mark>`; everything else is escaped.
#[derive(Serialize, ToSchema)]
pub(crate) struct Highlight {
    #[schema(example = "Red <mark>mug</mark>")]
    pub(super) name: String,
    /// The part of the description that has the words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
}

/// One of the things that products are counted by.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum FacetEntry {
    /// A value and how many products have it.
    Value {
        /// As the filter takes it.
        value: String,
        /// Of a category: its own name, the last part of its path.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        count: u64,
    },
    /// Prices in one currency.
    Prices {
        #[schema(example = "GBP")]
        currency: String,
        count: u64,
        min: Money,
        max: Money,
        average: Money,
    },
}

impl Highlight {
    /// Where a hit has the words; none: it was not asked for.
    pub(super) fn of(hit: &mut v1::SearchHit) -> Option<Self> {
        (!hit.name.is_empty()).then(|| Self {
            name: std::mem::take(&mut hit.name),
            description: std::mem::take(&mut hit.snippet),
        })
    }
}

impl ProductPage {
    /// The page of a plain listing.
    pub(super) fn listed(reply: v1::ListProductsReply) -> (Self, Option<v1::Freshness>) {
        let plain = |product: v1::Product| FoundProduct {
            product: product.into(),
            highlight: None,
        };
        let page = Self {
            page: Page::new(reply.products.into_iter().map(plain).collect(), reply.page),
            answered_by: AnsweredBy::Database,
            total: None,
            facets: None,
            correction: None,
            relaxed: None,
        };
        (page, reply.freshness)
    }

    /// The page of a search.
    pub(super) fn found(reply: v1::SearchProductsReply) -> (Self, Option<v1::Freshness>) {
        let facets = facets(&reply);
        let found = |mut hit: v1::SearchHit| {
            Some(FoundProduct {
                highlight: Highlight::of(&mut hit),
                product: hit.product?.into(),
            })
        };
        let page = Self {
            answered_by: answered_by(&reply),
            total: reply.total,
            facets,
            correction: (!reply.correction.is_empty()).then_some(reply.correction),
            relaxed: reply.relaxed.then_some(true),
            page: Page::new(reply.hits.into_iter().filter_map(found).collect(), reply.page),
        };
        (page, reply.freshness)
    }

    /// The answer to a request for the page at `uri`.
    pub(super) fn reply(
        &self,
        app: &AppState,
        uri: &Uri,
        freshness: Option<v1::Freshness>,
        degraded: bool,
    ) -> Response {
        let mut response = self.page.reply_with(self, app, uri, freshness);
        if degraded {
            response
                .headers_mut()
                .insert(DEGRADED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// The facet by category.
pub(super) const CATEGORY: &str = "category";

/// The last part of a category's path.
pub(super) fn own_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Who answered a search.
pub(super) fn answered_by(reply: &v1::SearchProductsReply) -> AnsweredBy {
    if reply.by_search {
        AnsweredBy::Search
    } else {
        AnsweredBy::Database
    }
}

fn facets(reply: &v1::SearchProductsReply) -> Option<BTreeMap<String, Vec<FacetEntry>>> {
    if !reply.by_search || (reply.facets.is_empty() && !reply.has_prices) {
        return None;
    }
    let mut facets: BTreeMap<String, Vec<FacetEntry>> = BTreeMap::new();
    for facet in &reply.facets {
        let values = facet.values.iter().map(|value| FacetEntry::Value {
            name: (facet.name == CATEGORY).then(|| own_name(&value.value).to_owned()),
            value: value.value.clone(),
            count: value.count,
        });
        facets.insert(facet.name.clone(), values.collect());
    }
    if reply.has_prices {
        let prices = reply.prices.iter().map(|price| {
            let money = |amount| {
                Money::from(v1::Money {
                    amount,
                    currency: price.currency.clone(),
                })
            };
            FacetEntry::Prices {
                currency: price.currency.clone(),
                count: price.count,
                min: money(price.min),
                max: money(price.max),
                average: money(price.average),
            }
        });
        facets.insert("price".to_owned(), prices.collect());
    }
    Some(facets)
}
