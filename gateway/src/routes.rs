//! All routes. They are made of described endpoints alone.

use std::sync::Arc;

use axum::{Router, middleware::from_fn_with_state};

use crate::{
    app_state::AppState,
    audit, auth,
    endpoint::{Described, Table},
    exports, ops, orders,
    pipeline::pipeline,
    problem::{Problem, method_not_allowed},
    processes, products, projections, reports,
    representation::{
        Schema, compression,
        page_cache::{PageCache, cached},
        represent,
    },
    search, stock, users,
};

/// All endpoints.
pub(crate) fn all() -> Vec<Described> {
    let mut all = api();
    all.extend(ops::docs::endpoints());
    all.extend(ops::pages::endpoints());
    all
}

/// The types of the events that each operation may cause, by its method and path.
#[must_use]
pub fn causes() -> Vec<(String, &'static [&'static str])> {
    let operations = all().into_iter();
    operations
        .map(|described| {
            (
                format!("{} {}", described.method, described.path),
                described.endpoint.events,
            )
        })
        .collect()
}

fn api() -> Vec<Described> {
    [
        products::endpoints(),
        search::endpoints(),
        stock::endpoints(),
        orders::endpoints(),
        reports::endpoints(),
        exports::endpoints(),
        audit::endpoints(),
        projections::endpoints(),
        processes::endpoints(),
        users::endpoints(),
        auth::endpoints(),
        ops::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The whole router.
#[expect(clippy::disallowed_methods, reason = "puts together routers of described endpoints")]
pub(crate) fn router(app: &AppState, schema: Schema) -> Router {
    let table = ops::docs::SWAGGER_UI
        .into_iter()
        .fold(Table::of(&all()), Table::with_page);
    // Pages that never change.
    let pages = mounted(ops::docs::endpoints())
        .merge(ops::docs::swagger_ui())
        .layer(compression())
        .layer(from_fn_with_state(PageCache::default(), cached));
    let guides = mounted(ops::pages::endpoints());
    guarded(mounted(api()).merge(pages).merge(guides), table, schema, app)
}

/// What operators and orchestrators ask, and nothing else.
pub(crate) fn operations(app: &AppState) -> Router {
    only(ops::endpoints(), app)
}

/// A router of these endpoints alone.
pub(crate) fn only(endpoints: Vec<Described>, app: &AppState) -> Router {
    let table = Table::of(&endpoints);
    guarded(mounted(endpoints), table, Schema::default(), app)
}

/// The one place where a route is made.
#[expect(clippy::disallowed_methods, reason = "each route has its description")]
fn mounted(endpoints: Vec<Described>) -> Router<AppState> {
    endpoints.into_iter().fold(Router::new(), |router, described| {
        router.route(&described.path, described.handler)
    })
}

/// Puts what holds for every request around a router.
fn guarded(router: Router<AppState>, table: Table, schema: Schema, app: &AppState) -> Router {
    let schema = Arc::new(schema);
    router
        .fallback(async || Problem::not_found("there is nothing at this address"))
        .method_not_allowed_fallback(async || method_not_allowed())
        .layer(from_fn_with_state((app.clone(), Arc::clone(&schema)), represent))
        .layer(compression())
        .layer(from_fn_with_state((app.clone(), Arc::new(table), schema), pipeline))
        .with_state(app.clone())
}
