//! All routes. They are made of described endpoints alone.

use std::sync::Arc;

use axum::{Router, middleware::from_fn_with_state};

use crate::{
    audit, auth,
    edge::Edge,
    endpoint::{Described, Table},
    exports,
    frame::frame,
    ops::{
        self,
        kept::{Kept, keep},
    },
    orders,
    problem::{Problem, method_not_allowed},
    products, projections, reports,
    representation::{compression, represent},
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
        users::endpoints(),
        auth::endpoints(),
        ops::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The whole router.
pub(crate) fn router(edge: &Edge) -> Router {
    let table = ops::docs::SWAGGER_UI
        .into_iter()
        .fold(Table::of(&all()), Table::with_page);
    // Pages that never change.
    let pages = mounted(ops::docs::endpoints())
        .merge(ops::docs::swagger_ui())
        .layer(compression())
        .layer(from_fn_with_state(Kept::default(), keep));
    let guides = mounted(ops::pages::endpoints());
    framed(mounted(api()).merge(pages).merge(guides), table, edge)
}

/// What operators and orchestrators ask, and nothing else.
pub(crate) fn operations(edge: &Edge) -> Router {
    only(ops::endpoints(), edge)
}

/// A router of these endpoints alone.
pub(crate) fn only(endpoints: Vec<Described>, edge: &Edge) -> Router {
    let table = Table::of(&endpoints);
    framed(mounted(endpoints), table, edge)
}

fn mounted(endpoints: Vec<Described>) -> Router<Edge> {
    endpoints.into_iter().fold(Router::new(), |router, described| {
        router.route(&described.path, described.handler)
    })
}

/// Puts what holds for every request around a router.
fn framed(router: Router<Edge>, table: Table, edge: &Edge) -> Router {
    router
        .fallback(async || Problem::not_found("there is nothing at this address"))
        .method_not_allowed_fallback(async || method_not_allowed())
        .layer(from_fn_with_state(edge.clone(), represent))
        .layer(compression())
        .layer(from_fn_with_state((edge.clone(), Arc::new(table)), frame))
        .with_state(edge.clone())
}
