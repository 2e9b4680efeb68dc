//! Checks the request of a search and translates it for the engine.

use std::collections::BTreeMap;

use proto::v1::{AttributeRange, ListProductsRequest, ProductStatus, SearchProductsRequest};
use search::{Facet, Filter, NumberRange, PriceRange, Sort, Status};
use serde::Serialize;

use super::cursor::{Cursor, Window};
use crate::error::Error;
use crate::list;
use crate::products::{Filter as ListFilter, list as catalogue};

/// Most facets of one search.
const MAX_FACETS: usize = 20;

/// A search that makes sense.
pub(super) struct Search {
    /// For the engine; without the page.
    pub(super) request: search::Request,
    /// Which of the results to show.
    pub(super) window: Window,
    /// The order, when the engine does not keep it; the read model then sorts what the engine finds.
    pub(super) sorted_by_list: bool,
    /// The cursor is one of the list's: it goes on where a page of the read model ended.
    pub(super) list_cursor: bool,
}

#[derive(Serialize)]
struct Identity<'a> {
    filter: &'a ListFilter,
    as_you_type: bool,
}

impl Search {
    /// Checks what was asked for. `filter` is that of the list, checked already.
    pub(super) fn new(asked: &SearchProductsRequest, filter: &ListFilter) -> Result<Self, Error> {
        let listed = asked.list.clone().unwrap_or_default();
        let sort = sort(&listed)?;
        let facets = facets(&asked.facets)?;
        let page = listed.page.clone().unwrap_or_default();
        let limit = list::limit(page.limit)?;
        let identity = Identity {
            filter,
            as_you_type: asked.as_you_type,
        };
        let fingerprint = list::fingerprint("search", &listed.sort, &identity);
        let cursor = Cursor::decode(&page.cursor);
        if cursor.as_ref().is_some_and(|cursor| cursor.fingerprint != fingerprint) {
            return Err(Error::InvalidCursor(
                "the cursor belongs to another search, filter or sort; begin again without a cursor",
            ));
        }
        let begun = cursor.as_ref().is_some_and(|cursor| cursor.begun);
        Ok(Self {
            request: search::Request {
                words: listed.search.clone(),
                as_you_type: asked.as_you_type || begun,
                // Suggestions are few, and what has some of the words is none.
                all_words: asked.as_you_type,
                filter: conditions(listed),
                price_statistics: asked.facets.iter().any(|facet| facet == "price"),
                facets,
                sort: sort.unwrap_or_default(),
                highlight: asked.highlight,
                ..search::Request::default()
            },
            list_cursor: cursor.is_none() && !page.cursor.is_empty(),
            window: Window {
                fingerprint,
                limit,
                cursor,
                begun,
            },
            sorted_by_list: sort.is_none(),
        })
    }
}

/// The order; `None` for one that only the list knows.
fn sort(listed: &ListProductsRequest) -> Result<Option<Sort>, Error> {
    Ok(Some(match listed.sort.as_str() {
        "" | "relevance" => Sort::Relevance,
        "price" => Sort::PriceAsc,
        "-price" => Sort::PriceDesc,
        "-created_at" => Sort::Newest,
        "name" => Sort::Name,
        "-sold" => Sort::BestSelling,
        _ => {
            catalogue::check_sort(&listed.sort)?;
            return Ok(None);
        }
    }))
}

fn facets(names: &[String]) -> Result<Vec<Facet>, Error> {
    if names.len() > MAX_FACETS {
        return Err(Error::invalid(
            "facets",
            "too_many",
            format!("at most {MAX_FACETS} facets are counted at once"),
        ));
    }
    let mut facets = Vec::with_capacity(names.len());
    for name in names {
        let facet = match name.as_str() {
            "category" => Facet::Category,
            "in_stock" => Facet::InStock,
            "price" => continue,
            other => match other.strip_prefix("attr.") {
                Some(key) if !key.is_empty() => Facet::Attribute(key.to_owned()),
                _ => {
                    return Err(Error::invalid(
                        "facets",
                        "unknown",
                        "some of category, price, in_stock and attr.<key> are expected",
                    ));
                }
            },
        };
        if facets.contains(&facet) {
            return Err(Error::invalid("facets", "duplicate", "a facet is asked for twice"));
        }
        facets.push(facet);
    }
    Ok(facets)
}

/// What the answer calls a facet.
pub(super) fn facet_name(facet: &Facet) -> String {
    match facet {
        Facet::Category => "category".to_owned(),
        Facet::InStock => "in_stock".to_owned(),
        Facet::Attribute(key) => format!("attr.{key}"),
    }
}

fn conditions(listed: ListProductsRequest) -> Filter {
    let mut attributes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in listed.attributes {
        attributes.entry(key).or_default().push(value);
    }
    for one in listed.any_of {
        attributes.entry(one.key).or_default().extend(one.values);
    }
    let mut ranges: BTreeMap<String, Vec<NumberRange>> = BTreeMap::new();
    for AttributeRange { key, min, max } in listed.ranges {
        ranges.entry(key).or_default().push(NumberRange { min, max });
    }
    let mut categories = listed.categories;
    if !listed.category.is_empty() {
        categories.push(listed.category);
    }
    let price = listed.price.unwrap_or_default();
    let asked: Vec<Status> = listed
        .statuses
        .iter()
        .filter_map(|number| match ProductStatus::try_from(*number) {
            Ok(ProductStatus::Draft) => Some(Status::Draft),
            Ok(ProductStatus::Active) => Some(Status::Active),
            Ok(ProductStatus::Archived) => Some(Status::Archived),
            _ => None,
        })
        .collect();
    // Visitors see what is for sale, whatever they ask for.
    let hides_all = !listed.include_hidden && !asked.is_empty() && !asked.contains(&Status::Active);
    let statuses = if listed.include_hidden {
        asked
    } else {
        vec![Status::Active]
    };
    let ids = (!listed.ids.is_empty()).then_some(listed.ids);
    Filter {
        categories,
        price: PriceRange {
            currency: (!listed.currency.is_empty()).then_some(listed.currency),
            min: price.min,
            max: price.max,
        },
        in_stock: listed.in_stock,
        statuses,
        attributes,
        ranges,
        ids: if hides_all { Some(Vec::new()) } else { ids },
        exclude_ids: Vec::new(),
    }
}
