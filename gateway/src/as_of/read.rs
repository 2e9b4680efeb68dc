//! The reads themselves, one for each kind of thing.

use axum::response::Response;
use http::{HeaderValue, StatusCode};
use proto::{
    failure::Failure,
    v1::{self, AsOf, Moment, ReadContext},
};
use serde::Serialize;

use super::{POSITION, TIME};
use crate::{
    app_state::AppState,
    auth::me::UserView,
    call::{CALL, ask, timed},
    etag,
    orders::view::OrderView,
    problem::Problem,
    products::view::ProductView,
    reply::Reply,
    search::{
        rules::{RuleView, no_rule},
        settings::SettingsView,
    },
    stock::StockView,
    times::rfc3339,
};

/// A product as it stood.
pub(crate) async fn product(
    app: &AppState,
    context: ReadContext,
    as_of: AsOf,
    id: String,
    include_hidden: bool,
) -> Result<Response, Problem> {
    let request = v1::ProductAsOfRequest {
        context: Some(context),
        as_of: Some(as_of),
        id,
        include_hidden,
    };
    let reply = ask(CALL, app.history_query().product_as_of(timed(CALL, request)))
        .await
        .map_err(|failure| refused(failure, "product_not_found"))?;
    let product = reply.product.ok_or_else(Problem::internal)?;
    let stock_version = product.stock.as_ref().map_or(0, |stock| stock.version);
    let tag = etag::of_product(product.version, stock_version);
    Ok(past(reply.moment, &ProductView::from(product)).tag(&tag).into())
}

/// The stock of a product as it stood.
pub(crate) async fn stock(
    app: &AppState,
    context: ReadContext,
    as_of: AsOf,
    product_id: String,
    include_hidden: bool,
) -> Result<Response, Problem> {
    let request = v1::StockAsOfRequest {
        context: Some(context),
        as_of: Some(as_of),
        product_id,
        include_hidden,
    };
    let reply = ask(CALL, app.history_query().stock_as_of(timed(CALL, request)))
        .await
        .map_err(|failure| refused(failure, "product_not_found"))?;
    let version = reply.level.as_ref().map(|level| level.version).unwrap_or_default();
    let view = StockView::new(reply.product_id, reply.level, reply.updated_at_micros);
    Ok(past(reply.moment, &view).version(version).into())
}

/// An order as it stood.
pub(crate) async fn order(
    app: &AppState,
    context: ReadContext,
    as_of: AsOf,
    id: String,
    only_customer_id: String,
) -> Result<Response, Problem> {
    let request = v1::OrderAsOfRequest {
        context: Some(context),
        as_of: Some(as_of),
        id,
        only_customer_id,
    };
    let reply = ask(CALL, app.history_query().order_as_of(timed(CALL, request)))
        .await
        .map_err(|failure| refused(failure, "order_not_found"))?;
    let order = reply.order.ok_or_else(Problem::internal)?;
    let version = order.version;
    Ok(past(reply.moment, &OrderView::from(order)).version(version).into())
}

/// A user as they stood.
pub(crate) async fn user(app: &AppState, context: ReadContext, as_of: AsOf, id: String) -> Result<Response, Problem> {
    let request = v1::UserAsOfRequest {
        context: Some(context),
        as_of: Some(as_of),
        id,
    };
    let reply = ask(CALL, app.history_query().user_as_of(timed(CALL, request)))
        .await
        .map_err(|failure| refused(failure, "user_not_found"))?;
    let user = reply.user.ok_or_else(Problem::internal)?;
    Ok(past(reply.moment, &UserView::from(user)).into())
}

/// What the shop had set about its search, rules aside.
pub(crate) async fn search_settings(app: &AppState, context: ReadContext, as_of: AsOf) -> Result<Response, Problem> {
    let reply = search_settings_reply(app, context, as_of).await?;
    let settings = reply.settings.ok_or_else(Problem::internal)?;
    let version = settings.revision;
    Ok(past(reply.moment, &SettingsView::from(settings))
        .version(version)
        .into())
}

/// A rule of the search as it stood.
pub(crate) async fn search_rule(
    app: &AppState,
    context: ReadContext,
    as_of: AsOf,
    id: &str,
) -> Result<Response, Problem> {
    let reply = search_settings_reply(app, context, as_of).await?;
    let rule = reply.rules.into_iter().find(|rule| rule.id == id);
    let rule = rule.ok_or_else(no_rule)?;
    Ok(past(reply.moment, &RuleView::from(rule)).into())
}

async fn search_settings_reply(
    app: &AppState,
    context: ReadContext,
    as_of: AsOf,
) -> Result<v1::SearchSettingsAsOfReply, Problem> {
    let request = v1::SearchSettingsAsOfRequest {
        context: Some(context),
        as_of: Some(as_of),
    };
    ask(CALL, app.history_query().search_settings_as_of(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)
}

fn refused(failure: Failure, missing: &'static str) -> Problem {
    let early = failure.code == "not_created_yet";
    let problem = Problem::of_read(failure);
    if early { problem } else { problem.missing(missing) }
}

/// An answer that says which moment it is of.
fn past(moment: Option<Moment>, view: &impl Serialize) -> Reply {
    let moment = moment.unwrap_or_default();
    let reply = Reply::json(StatusCode::OK, view);
    let reply = match HeaderValue::try_from(moment.position) {
        Ok(position) => reply.header(POSITION, position),
        Err(_) => reply,
    };
    match moment.time_micros.map(|micros| HeaderValue::try_from(rfc3339(micros))) {
        Some(Ok(time)) => reply.header(TIME, time),
        _ => reply,
    }
}
