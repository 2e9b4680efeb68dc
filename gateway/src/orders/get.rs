//! `GET /v1/orders/{id}`

use axum::{extract::State, response::Response};
use bytes::Bytes;
use http::StatusCode;
use proto::v1;

use super::view::{EXPANSIONS, OrderView};
use crate::{
    app_state::AppState,
    as_of::{self, AsOfParam},
    auth::Caller,
    cache::{Audience, Content, Loaded},
    call::{CALL, ask, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    id::OrderId,
    params::Params,
    problem::Problem,
    reply::Reply,
};

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::OrdersRead)
        .versioned()
        .with_as_of()
        .expands(EXPANSIONS)
        .refuses(&["not_created_yet", "order_not_found"])
        .handler(routes!(read_order))
}

/// Reads an order
///
/// Customers see their own; another's does not exist for them.
#[utoipa::path(get, path = "/v1/orders/{id}", tag = "orders",
    params(("id" = String, Path, description = "Id of the order")),
    responses((status = 200, description = "The order", body = OrderView)))]
pub(crate) async fn read_order(
    State(app): State<AppState>,
    Caller(caller): Caller,
    OrderId(id): OrderId,
    Params(AsOfParam { as_of }): Params<AsOfParam>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    if let Some(as_of) = as_of {
        return past_order(&app, context, as_of, id, super::only_customer(&caller)).await;
    }
    let services = app.clone();
    let load = async move |id, context| {
        let request = v1::GetOrderRequest {
            context: Some(context),
            id,
            // What is kept is kept for its owner and for administrators; who may see it is decided below.
            only_customer_id: String::new(),
        };
        let reply = ask(CALL, services.order_query().get_order(timed(CALL, request)))
            .await
            .map_err(|failure| Problem::of_read(failure).missing("order_not_found"))?;
        let order = reply.order.ok_or_else(Problem::internal)?;
        let (tag, customer) = (order.version.to_string(), order.customer_id.clone());
        let body = serde_json::to_vec(&OrderView::from(order)).map_err(|_| Problem::internal())?;
        Ok(Loaded {
            content: Content {
                body: Bytes::from(body),
                tag,
                audience: if customer.is_empty() {
                    Audience::Admins
                } else {
                    Audience::User(customer)
                },
            },
            read_at: reply.read_at,
            stale: reply.freshness.is_some_and(|freshness| freshness.stale),
        })
    };
    let found = app.orders.read(&id, context, load).await?;
    if found.content.audience.includes(Some(&caller)) {
        Ok(Reply::cached(&found.content).stale(found.stale).into())
    } else {
        let detail = format!("there is no order {id}");
        Err(Problem::new(StatusCode::NOT_FOUND, "order_not_found", detail))
    }
}

/// An order as it stood.
async fn past_order(
    app: &AppState,
    context: v1::ReadContext,
    as_of: v1::AsOf,
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
        .map_err(|failure| as_of::refused(failure, "order_not_found"))?;
    let order = reply.order.ok_or_else(Problem::internal)?;
    let version = order.version;
    Ok(as_of::reply(reply.moment, &OrderView::from(order))
        .version(version)
        .into())
}
