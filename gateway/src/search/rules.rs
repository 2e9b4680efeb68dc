//! `/v1/search/rules`

use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::past;
use crate::{
    app_state::AppState,
    as_of::{self, AsOfParam},
    body::Command,
    call::{CALL, ask, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    expansion::Expansion,
    id::{PRODUCT, SearchRuleId},
    json::{Nothing, body},
    page::Page,
    params::{Params, params},
    problem::Problem,
    products::related,
    reply::Reply,
    times::rfc3339,
};

/// What can be put in the place of ids.
pub(crate) const EXPANSIONS: &[Expansion] = &[
    Expansion {
        name: "pinned",
        id: "pinned",
        target: related::PRODUCT,
    },
    Expansion {
        name: "hidden",
        id: "hidden",
        target: related::PRODUCT,
    },
];

/// What a query shows first, and what it never shows.
#[derive(Serialize, ToSchema)]
#[schema(as = SearchRule)]
pub(crate) struct RuleView {
    #[schema(example = "rule_0198c0de-0000-7000-8000-000000000001")]
    id: String,
    query: String,
    /// Ids of the products that come first in the order of relevance, in this order.
    pinned: Vec<String>,
    /// Ids of the products that are not shown.
    hidden: Vec<String>,
    created_at: String,
}

impl From<v1::SearchRule> for RuleView {
    fn from(rule: v1::SearchRule) -> Self {
        Self {
            id: rule.id,
            query: rule.query,
            pinned: rule.pinned,
            hidden: rule.hidden,
            created_at: rfc3339(rule.created_at_micros),
        }
    }
}

body! {
    /// A rule for a query.
    pub(crate) struct NewRule {
        /// Compared without regard to case, accents and spaces. A query has one rule at most, and at least one word.
        #[schema(example = "red mug")]
        query: String = ruled(&values::SEARCH_QUERY),
        /// Ids of products to show first, in this order, whether the words match or not; 20 at most.
        #[schema(value_type = Option<Vec<String>>)]
        pinned: Vec<String> = |fields| fields
                    .optional_ids("pinned", values::MAX_PINNED, PRODUCT)
                    .unwrap_or_default(),
        /// Ids of products not to show; 100 at most.
        #[schema(value_type = Option<Vec<String>>)]
        hidden: Vec<String> = |fields| fields
                    .optional_ids("hidden", values::MAX_HIDDEN, PRODUCT)
                    .unwrap_or_default(),
    }
}

params! {
    /// Which rules, and in which order.
    #[derive(Default)]
    pub(crate) struct RuleFilters {
        /// Part of the query, whatever its case.
        #[param(required = false)]
        q: String = |values| values.text("q").unwrap_or_default(),
        /// Id of a product that they pin or hide.
        product: Option<String> = id(PRODUCT),
        /// `created_at` or `query`; a leading `-` reverses. `created_at`, unless said otherwise.
        #[param(required = false)]
        sort: String = sort(&["created_at", "query"]),
        #[param(ignore)]
        page: v1::PageRequest = |values| values.page(),
    }
}

pub(crate) fn endpoints() -> Vec<Described> {
    vec![
        Endpoint::list(Permission::SearchRead)
            .expands(EXPANSIONS)
            .handler(routes!(list_search_rules)),
        Endpoint::read(Permission::SearchRead)
            .with_as_of()
            .expands(EXPANSIONS)
            .refuses(&["search_rule_not_found"])
            .handler(routes!(read_search_rule)),
        Endpoint::write(Permission::SearchWrite)
            .refuses(&["search_rule_exists", "too_many_search_rules"])
            .causes(&["SearchRuleCreated"])
            .handler(routes!(create_search_rule)),
        Endpoint::write(Permission::SearchWrite)
            .refuses(&["search_rule_not_found"])
            .causes(&["SearchRuleDeleted"])
            .handler(routes!(delete_search_rule)),
    ]
}

/// Lists the rules for single queries
#[utoipa::path(get, path = "/v1/search/rules", tag = "search", params(RuleFilters),
    responses((status = 200, description = "A page of rules", body = Page<RuleView>)))]
pub(crate) async fn list_search_rules(
    State(app): State<AppState>,
    uri: Uri,
    Params(filters): Params<RuleFilters>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    let reply = rules(&app, context, filters, String::new()).await?;
    let items = reply.rules.into_iter().map(RuleView::from).collect();
    Ok(Page::new(items, reply.page).reply(&app, &uri, reply.freshness))
}

/// Reads a rule
#[utoipa::path(get, path = "/v1/search/rules/{id}", tag = "search",
    params(("id" = String, Path, description = "Id of the rule")),
    responses((status = 200, description = "The rule", body = RuleView)))]
pub(crate) async fn read_search_rule(
    State(app): State<AppState>,
    SearchRuleId(id): SearchRuleId,
    Params(AsOfParam { as_of }): Params<AsOfParam>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    if let Some(as_of) = as_of {
        return past_rule(&app, context, as_of, &id).await;
    }
    let reply = rules(&app, context, RuleFilters::default(), id).await?;
    let rule = reply.rules.into_iter().next();
    let rule = rule.ok_or_else(no_rule)?;
    Ok(Reply::json(StatusCode::OK, &RuleView::from(rule))
        .freshness(reply.freshness)
        .into())
}

/// A rule of the search as it stood.
async fn past_rule(app: &AppState, context: v1::ReadContext, as_of: v1::AsOf, id: &str) -> Result<Response, Problem> {
    let reply = past::read(app, context, as_of).await?;
    let rule = reply.rules.into_iter().find(|rule| rule.id == id);
    let rule = rule.ok_or_else(no_rule)?;
    Ok(as_of::reply(reply.moment, &RuleView::from(rule)).into())
}

/// There is no such rule.
fn no_rule() -> Problem {
    Problem::not_found("there is no such rule").missing("search_rule_not_found")
}

async fn rules(
    app: &AppState,
    context: v1::ReadContext,
    filters: RuleFilters,
    id: String,
) -> Result<v1::ListSearchRulesReply, Problem> {
    let request = v1::ListSearchRulesRequest {
        context: Some(context),
        page: Some(filters.page),
        id,
        search: filters.q,
        product_id: filters.product.unwrap_or_default(),
        sort: filters.sort,
    };
    ask(CALL, app.search_query().list_search_rules(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)
}

/// Pins or hides products for a query
#[utoipa::path(post, path = "/v1/search/rules", tag = "search", request_body = NewRule,
    responses((status = 201, description = "Created", body = RuleView)))]
pub(crate) async fn create_search_rule(
    State(app): State<AppState>,
    command: Command<NewRule>,
) -> Result<Response, Problem> {
    let Command { body, context, .. } = command;
    let request = v1::CreateSearchRuleRequest {
        context: Some(context),
        query: body.query,
        pinned: body.pinned,
        hidden: body.hidden,
    };
    let reply = ask(CALL, app.search_command().create_search_rule(timed(CALL, request))).await?;
    let rule = reply.rule.ok_or_else(Problem::internal)?;
    let path = format!("/v1/search/rules/{}", rule.id);
    Ok(Reply::json(StatusCode::CREATED, &RuleView::from(rule))
        .location(&app.base, &path)
        .committed(&reply.committed.unwrap_or_default())
        .into())
}

/// Deletes a rule
#[utoipa::path(delete, path = "/v1/search/rules/{id}", tag = "search",
    params(("id" = String, Path, description = "Id of the rule")),
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete_search_rule(
    State(app): State<AppState>,
    SearchRuleId(id): SearchRuleId,
    command: Command<Nothing>,
) -> Result<Response, Problem> {
    let request = v1::DeleteSearchRuleRequest {
        context: Some(command.context),
        id,
    };
    let reply = ask(CALL, app.search_command().delete_search_rule(timed(CALL, request))).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT)
        .committed(&reply.committed.unwrap_or_default())
        .into())
}
