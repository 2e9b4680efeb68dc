//! `GET /v1/products`

use axum::{extract::State, response::Response};
use http::Uri;
use proto::v1::{self, ProductStatus};

use super::attributes::Attributes;
use super::found::ProductPage;
use super::view::{STATUSES, Status};
use crate::{
    app_state::AppState,
    auth::Visitor,
    call::{CALL, ask, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    identity::token::Principal,
    params::{Params, Values, params},
    problem::Problem,
    request::ClientAddress,
};

/// Orders that products can be listed in; some of them only one way round by search.
const SORTS: &[&str] = &["name", "price", "created_at", "updated_at", "sku", "sold", "relevance"];
/// What the cursor of a search begins with, by which a page without the words of the first one is known as one of a search.
const SEARCH_CURSOR: &str = "WyJzIi";
/// Most facets that are counted at once.
const MAX_FACETS: usize = 20;

params! {
    /// Which products, and in which order.
    pub(crate) struct ProductFilters {
        /// Words to search for: of the name, the SKU, the description, the category and the attributes. Typing mistakes are forgiven: one in a
        /// word from five letters on, two from nine.
        #[param(required = false)]
        q: String = |values| values.text("q").unwrap_or_default(),
        /// The category or one below it. Repeatable: any of them.
        #[param(required = false, example = "kitchen")]
        category: Vec<String> = several_ruled(&values::CATEGORY),
        #[param(required = false)]
        sku: String = |values| values.identifier("sku").unwrap_or_default(),
        /// Administrators only, but for `active`. Repeatable, or several with commas.
        #[param(required = false, value_type = Vec<Status>)]
        status: Vec<ProductStatus> = several_of(STATUSES),
        /// Administrators only: only deleted products.
        #[param(required = false)]
        deleted: bool = |values| values.boolean("deleted").unwrap_or_default(),
        /// Minor units of `currency`, included.
        #[param(required = false, rename = "min_price", value_type = i64)]
        price: Option<v1::AmountRange> = amount_range(),
        /// Only products with a price in this currency. Required with `min_price` and `max_price`.
        #[param(required = false, example = "GBP")]
        currency: Option<String> = currency_of(price.is_some(), "a range of prices needs the currency that it is in"),
        /// Only products that can, or cannot, be ordered now.
        in_stock: Option<bool> = boolean(),
        #[param(ignore)]
        attributes: Attributes = |values| Attributes::read(values),
        /// What to count the products by, several with commas: `category`, `price`, `in_stock`, `attr.<key>`; 20 at most.
        #[param(required = false, example = "category,price,attr.colour")]
        facets: Vec<String> = |values| facets(values),
        /// Whether products say where they have the words.
        #[param(required = false)]
        highlight: bool = |values| values.boolean("highlight").unwrap_or_default(),
        /// `relevance`, `price`, `name`, `sold`, `created_at`, `updated_at` or `sku`; a leading `-` reverses all but `relevance`. `relevance`
        /// with words, else `-created_at`, unless said otherwise. `price` is by currency, in each by amount.
        #[param(required = false)]
        sort: String = |values| sort(values),
        #[param(ignore)]
        page: v1::PageRequest = |values| values.page(),
    }
}

fn sort(values: &mut Values) -> String {
    let sort = values.sort("sort", SORTS);
    if sort == "-relevance" {
        values.wrong("sort", "unknown", "the least relevant first is no order; relevance is");
    }
    sort
}

fn facets(values: &mut Values) -> Vec<String> {
    let mut facets = values.words("facets");
    let known = |name: &str| {
        ["category", "price", "in_stock"].contains(&name)
            || name.strip_prefix("attr.").is_some_and(|key| !key.is_empty())
    };
    if let Some(unknown) = facets.iter().find(|name| !known(name)) {
        let shown: String = unknown.chars().take(80).collect();
        values.wrong(
            "facets",
            "unknown",
            format!("{shown:?} is no facet; category, price, in_stock and attr.<key> are"),
        );
    }
    facets.sort_unstable();
    facets.dedup();
    if facets.len() > MAX_FACETS {
        values.wrong("facets", "too_many", format!("at most {MAX_FACETS} facets are allowed"));
    }
    facets
}

impl ProductFilters {
    /// Whether the search engine is needed: the read model lists, but does not search or count.
    fn searches(&self) -> bool {
        let searched = !self.q.trim().is_empty() || !self.facets.is_empty() || self.highlight;
        let sorted = self.sort == "relevance" || self.sort.ends_with("sold");
        (searched || sorted || self.page.cursor.starts_with(SEARCH_CURSOR)) && !self.deleted
    }

    /// Whether the visitor sees what is not for sale; refuses those who ask for it and may not.
    fn shows_hidden(&self, visitor: Option<&Principal>) -> Result<bool, Problem> {
        let may = visitor.is_some_and(|visitor| visitor.may(Permission::ProductsWrite));
        let hidden = self.deleted || self.status.iter().any(|status| *status != ProductStatus::Active);
        match visitor {
            _ if may || !hidden => Ok(may),
            Some(_) => Err(Problem::lacking(Permission::ProductsWrite)),
            None => Err(Problem::unauthenticated()),
        }
    }

    fn request(self, context: v1::ReadContext, include_hidden: bool) -> v1::ListProductsRequest {
        v1::ListProductsRequest {
            context: Some(context),
            page: Some(self.page),
            search: self.q,
            categories: self.category,
            statuses: self.status.into_iter().map(Into::into).collect(),
            sku: self.sku,
            price: self.price,
            currency: self.currency.unwrap_or_default(),
            in_stock: self.in_stock,
            any_of: self.attributes.any_of,
            ranges: self.attributes.ranges,
            sort: self.sort,
            include_hidden,
            deleted: self.deleted,
            ..v1::ListProductsRequest::default()
        }
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::list(Permission::ProductsRead)
        .refuses(&["forbidden", "unauthenticated"])
        .handler(routes!(list_products))
}

/// Lists and searches products
///
/// Visitors and customers see active products. Administrators see all that are not deleted, unless they ask for a status
/// or for the deleted ones. Besides the named parameters, `attr.<key>=<value>` filters by an attribute; several keys must all match,
/// of several values of a key any. A range of numbers is one of the values: `attr.year=1990..1999`, `attr.year=1990..` or
/// `attr.year=..1999`, both ends included.
///
/// With words, facets, highlights or the order `sold` the search engine answers; while it is away the database does, without facets, and
/// says so: `Search-Degraded: true`, `"answered_by": "database"`.
#[utoipa::path(get, path = "/v1/products", tag = "products",
    params(ProductFilters,
        ("max_price" = Option<i64>, Query, description = "Minor units, included."),
        ("attr.<key>" = Option<String>, Query, description = "Value of the attribute `<key>`.")),
    responses((status = 200, description = "A page of products", body = ProductPage,
        headers(("Search-Degraded" = String, description = "`true`: the search engine is away, and the database answered, or it takes no changes in, and the latest may be missing.")))))]
pub(crate) async fn list_products(
    State(app): State<AppState>,
    uri: Uri,
    Visitor(visitor): Visitor,
    ClientAddress(address): ClientAddress,
    Params(filters): Params<ProductFilters>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    let shows_hidden = filters.shows_hidden(visitor.as_deref())?;
    if !filters.searches() {
        let request = filters.request(context, shows_hidden);
        let reply = ask(CALL, app.product_query().list_products(timed(CALL, request)))
            .await
            .map_err(Problem::of_read)?;
        let (page, freshness) = ProductPage::listed(reply);
        return Ok(page.reply(&app, &uri, freshness, false));
    }
    let words = (!shows_hidden && filters.page.cursor.is_empty()).then(|| filters.q.clone());
    let request = v1::SearchProductsRequest {
        facets: filters.facets.clone(),
        highlight: filters.highlight,
        as_you_type: false,
        list: Some(filters.request(context, shows_hidden)),
    };
    let reply = ask(CALL, app.search_query().search_products(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    if let (Some(words), Some(past)) = (words, &app.past_queries)
        && reply.by_search
        && !reply.relaxed
        && !reply.hits.is_empty()
    {
        past.note(&words, address, visitor.as_deref());
    }
    let degraded = reply.degraded;
    let (page, freshness) = ProductPage::found(reply);
    Ok(page.reply(&app, &uri, freshness, degraded))
}
