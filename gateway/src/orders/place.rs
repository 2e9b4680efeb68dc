//! `POST /v1/orders`

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::v1;

use super::view::OrderView;
use crate::{
    app_state::AppState,
    auth::Caller,
    body::Command,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, Permission, routes},
    id::{PRODUCT, USER},
    json::body,
    money::Money,
    problem::Problem,
};

body! {
    /// An order to place. Prices are the products' own.
    pub(crate) struct NewOrder {
        lines: Vec<NewOrderLine> = objects(1..=values::MAX_ORDER_LINES, NewOrderLine::read),
        /// What the buyer was shown; another total is refused.
        expected_total: Option<Money> = optional_object(Money::read),
        /// The products' currency; another one is refused.
        #[schema(example = "GBP")]
        currency: Option<String> = optional_ruled(&values::CURRENCY),
        /// ISO 3166-1 alpha-2.
        #[schema(example = "GB")]
        country: Option<String> = optional_ruled(&values::COUNTRY_CODE.optional()),
        /// Administrators only: whom the order is for. Oneself, unless said otherwise.
        customer_id: Option<String> = optional_id(USER),
    }
}

body! {
    /// A line of an order to place.
    pub(crate) struct NewOrderLine {
        #[schema(example = "prod_0198c0de-0000-7000-8000-000000000001")]
        product_id: String = id(PRODUCT),
        /// At least one.
        #[schema(example = 2)]
        quantity: i64 = number(&values::QUANTITY),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::OrdersWrite)
        .refuses(&[
            "currency_mismatch",
            "insufficient_stock",
            "product_deleted",
            "product_not_active",
            "product_not_found",
            "reservation_expired",
            "total_changed",
        ])
        .causes(&["OrderPlaced", "StockReserved"])
        .handler(routes!(place_order))
}

/// Places an order
///
/// Reserves stock for all lines or for none. Send an `Idempotency-Key`: a retry with it places no second order.
#[utoipa::path(post, path = "/v1/orders", tag = "orders", request_body = NewOrder,
    responses((status = 201, description = "Placed", body = OrderView)))]
pub(crate) async fn place_order(
    State(app): State<AppState>,
    Caller(caller): Caller,
    command: Command<NewOrder>,
) -> Result<Response, Problem> {
    let Command { body, context, .. } = command;
    let customer_id = body.customer_id.unwrap_or_else(|| caller.user_id.to_string());
    if *customer_id != *caller.user_id && !caller.is_admin() {
        return Err(Problem::forbidden("only administrators order for others"));
    }
    let request = v1::PlaceOrderRequest {
        context: Some(context),
        customer_id,
        currency: body.currency.unwrap_or_default(),
        country: body.country.unwrap_or_default(),
        lines: body
            .lines
            .into_iter()
            .map(|line| v1::PlaceOrderLine {
                product_id: line.product_id,
                quantity: line.quantity,
            })
            .collect(),
        expected_total: body.expected_total.map(Into::into),
    };
    let reply = ask(CALL, app.order_command().place_order(timed(CALL, request))).await?;
    let path = format!("/v1/orders/{}", reply.order.as_ref().map_or("", |order| &order.id));
    Ok(super::answered(reply, StatusCode::CREATED)?
        .location(&app.base, &path)
        .into())
}
