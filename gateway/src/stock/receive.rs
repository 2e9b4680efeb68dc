//! `POST /v1/stock/receive`

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
    /// Goods that came in.
    pub(crate) struct Receipt {
        #[schema(example = "prod_0198c0de-0000-7000-8000-000000000001")]
        product_id: String = id(PRODUCT),
        /// Units, at least one.
        #[schema(example = 10)]
        quantity: i64 = number(&values::QUANTITY),
        reason: Option<String> = optional_ruled(&values::REASON.optional()),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::StockWrite)
        .versioned()
        .refuses(&["product_deleted", "product_not_found"])
        .causes(&["StockReceived"])
        .handler(routes!(receive_stock))
}

/// Receives goods
#[utoipa::path(post, path = "/v1/stock/receive", tag = "stock", request_body = Receipt,
    responses((status = 200, description = "The stock after it", body = super::StockView)))]
pub(crate) async fn receive_stock(State(app): State<AppState>, command: Command<Receipt>) -> Result<Response, Problem> {
    let Command {
        body,
        context,
        expected,
    } = command;
    let request = v1::ReceiveStockRequest {
        context: Some(context),
        product_id: body.product_id,
        quantity: body.quantity,
        reason: body.reason.unwrap_or_default(),
        expected_version: None,
    };
    let write = |expected_version| {
        let request = v1::ReceiveStockRequest {
            expected_version,
            ..request.clone()
        };
        let mut client = app.stock_command();
        async move { ask(CALL, client.receive_stock(timed(CALL, request))).await }
    };
    super::changed(expected.attempt(write).await)
}
