//! All routes.

use axum::{Router, middleware::from_fn_with_state, routing::get};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    audit, auth,
    edge::Edge,
    exports,
    frame::frame,
    ops::{
        self,
        kept::{Kept, keep},
    },
    orders,
    problem::{Problem, method_not_allowed},
    processes, products, projections, reports,
    representation::{compression, represent},
    search, stock, users,
};

/// The routes that the OpenAPI description tells of.
pub(crate) fn documented() -> OpenApiRouter<Edge> {
    api().merge(pages())
}

fn api() -> OpenApiRouter<Edge> {
    OpenApiRouter::default()
        .routes(routes!(products::list::list_products, products::create::create_product))
        .routes(routes!(products::suggest::suggest_products))
        .routes(routes!(
            products::get::read_product,
            products::patch::update_product,
            products::delete::delete_product
        ))
        .routes(routes!(products::publish::publish_product))
        .routes(routes!(products::archive::archive_product))
        .routes(routes!(products::restore::restore_product))
        .routes(routes!(
            search::settings::read_search_settings,
            search::settings::replace_search_settings,
            search::settings::update_search_settings
        ))
        .routes(routes!(
            search::rules::list_search_rules,
            search::rules::create_search_rule
        ))
        .routes(routes!(
            search::rules::read_search_rule,
            search::rules::delete_search_rule
        ))
        .routes(routes!(stock::list::list_stock))
        .routes(routes!(stock::get::read_stock))
        .routes(routes!(stock::receive::receive_stock))
        .routes(routes!(stock::adjust::adjust_stock))
        .routes(routes!(stock::set::set_stock))
        .routes(routes!(orders::list::list_orders, orders::place::place_order))
        .routes(routes!(orders::get::read_order))
        .routes(routes!(orders::cancel::cancel_order))
        .routes(routes!(reports::sales::report_sales))
        .routes(routes!(reports::orders::list_sales_orders))
        .routes(routes!(exports::list::list_exports, exports::start::start_export))
        .routes(routes!(exports::get::read_export, exports::cancel::cancel_export))
        .routes(routes!(exports::file::read_file))
        .routes(routes!(audit::stream::read_stream))
        .routes(routes!(audit::list::list_events))
        .routes(routes!(audit::seal::checkpoints::list_checkpoints))
        .routes(routes!(audit::seal::checkpoint::read_checkpoint))
        .routes(routes!(audit::seal::event::prove_event))
        .routes(routes!(audit::seal::consistency::prove_consistency))
        .routes(routes!(audit::seal::key::read_seal))
        .routes(routes!(audit::trace::trace_request))
        .routes(routes!(projections::list::list_projections))
        .routes(routes!(projections::parked::list_parked))
        .routes(routes!(projections::retry::retry_parked))
        .routes(routes!(projections::skip::skip_parked))
        .routes(routes!(processes::list::list_dead_letters))
        .routes(routes!(processes::retry::retry_dead_letter))
        .routes(routes!(processes::drop::drop_dead_letter))
        .routes(routes!(users::list::list_users))
        .routes(routes!(users::get::read_user))
        .routes(routes!(auth::login::log_in))
        .routes(routes!(auth::me::read_me))
        .routes(routes!(auth::jwks::read_key_set))
        .routes(routes!(ops::health::check_health))
        .routes(routes!(ops::ready::check_readiness))
        .routes(routes!(ops::metrics::read_metrics))
}

/// Pages that never change.
fn pages() -> OpenApiRouter<Edge> {
    OpenApiRouter::default().routes(routes!(ops::docs::read_openapi))
}

/// The whole router.
pub(crate) fn router(edge: &Edge) -> Router {
    let pages = Router::from(pages())
        .merge(ops::docs::swagger_ui())
        .route("/", get(ops::home::home))
        .route("/errors", get(ops::docs::error_pages))
        .route("/errors/{code}", get(ops::docs::error_page))
        .layer(compression())
        .layer(from_fn_with_state(Kept::default(), keep));
    framed(Router::from(api()).merge(pages), edge)
}

/// What operators and orchestrators ask, and nothing else.
pub(crate) fn operations(edge: &Edge) -> Router {
    let router = Router::new()
        .route("/healthz", get(ops::health::check_health))
        .route("/readyz", get(ops::ready::check_readiness))
        .route("/metrics", get(ops::metrics::read_metrics));
    framed(router, edge)
}

/// Puts what holds for every request around a router.
pub(crate) fn framed(router: Router<Edge>, edge: &Edge) -> Router {
    router
        .fallback(async || Problem::not_found("there is nothing at this address"))
        .method_not_allowed_fallback(async || method_not_allowed())
        .layer(from_fn_with_state(edge.clone(), represent))
        .layer(compression())
        .layer(from_fn_with_state(edge.clone(), frame))
        .with_state(edge.clone())
}
