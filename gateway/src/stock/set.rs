//! `POST /v1/stock/set`

use axum::{extract::State, response::Response};
use proto::v1;

use crate::{
    app_state::AppState,
    body::Command,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, Permission, routes},
    id::PRODUCT,
    json::body,
    problem::Problem,
};

body! {
    /// A count of the shelf.
    pub(crate) struct Count {
        #[schema(example = "prod_0198c0de-0000-7000-8000-000000000001")]
        product_id: String = id(PRODUCT),
        /// Units on hand from now on.
        #[schema(example = 12)]
        quantity: i64 = number(&values::COUNTED),
        /// Units that were believed to be on hand; the count is refused when it were others.
        #[schema(example = 10)]
        expected: i64 = integer(),
        reason: Option<String> = optional_ruled(&values::REASON.optional()),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::StockWrite)
        .versioned()
        .refuses(&[
            "product_deleted",
            "product_not_found",
            "stock_below_reserved",
            "stock_expectation_failed",
        ])
        .causes(&["StockSet"])
        .handler(routes!(set_stock))
}

/// Sets stock to a counted quantity
#[utoipa::path(post, path = "/v1/stock/set", tag = "stock", request_body = Count,
    responses((status = 200, description = "The stock after it", body = super::StockView)))]
pub(crate) async fn set_stock(State(app): State<AppState>, command: Command<Count>) -> Result<Response, Problem> {
    let Command {
        body,
        context,
        expected,
    } = command;
    let request = v1::SetStockRequest {
        context: Some(context),
        product_id: body.product_id,
        quantity: body.quantity,
        expected: body.expected,
        reason: body.reason.unwrap_or_default(),
        expected_version: None,
    };
    let write = |expected_version| {
        let request = v1::SetStockRequest {
            expected_version,
            ..request.clone()
        };
        let mut client = app.stock_command();
        async move { ask(CALL, client.set_stock(timed(CALL, request))).await }
    };
    super::changed(expected.attempt(write).await)
}
