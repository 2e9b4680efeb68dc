//! `POST /v1/orders/{id}/cancel`

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
    id::OrderId,
    json::body,
    problem::Problem,
};

body! {
    /// Why an order is cancelled.
    pub(crate) struct Cancellation {
        #[schema(example = "ordered twice")]
        reason: String = ruled(&values::REASON),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::OrdersWrite)
        .versioned()
        .refuses(&["order_not_cancellable", "order_not_found"])
        .causes(&["OrderCancelled", "StockReleased"])
        .handler(routes!(cancel_order))
}

/// Cancels an order
///
/// Releases the stock that it holds. Customers may cancel their own.
#[utoipa::path(post, path = "/v1/orders/{id}/cancel", tag = "orders", request_body = Cancellation,
    params(("id" = String, Path, description = "Id of the order")),
    responses((status = 200, description = "Cancelled", body = OrderView)))]
pub(crate) async fn cancel_order(
    State(app): State<AppState>,
    Caller(caller): Caller,
    OrderId(id): OrderId,
    command: Command<Cancellation>,
) -> Result<Response, Problem> {
    let Command {
        body,
        context,
        expected,
    } = command;
    let request = v1::CancelOrderRequest {
        context: Some(context),
        id,
        reason: body.reason,
        expected_version: None,
        only_customer_id: super::only_customer(&caller),
    };
    let cancel = |expected_version| {
        let request = v1::CancelOrderRequest {
            expected_version,
            ..request.clone()
        };
        let mut client = app.order_command();
        async move { ask(CALL, client.cancel_order(timed(CALL, request))).await }
    };
    let reply = expected.attempt(cancel).await?;
    Ok(super::answered(reply, StatusCode::OK)?.into())
}
