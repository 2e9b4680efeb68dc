//! `POST /v1/stock/adjust`

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
    /// A difference between the books and the shelf.
    pub(crate) struct Adjustment {
        #[schema(example = "prod_0198c0de-0000-7000-8000-000000000001")]
        product_id: String = id(PRODUCT),
        /// Units to add, or with a minus to take away.
        #[schema(example = -2)]
        quantity: i64 = number(&values::ADJUSTMENT),
        #[schema(example = "broken")]
        reason: String = ruled(&values::REASON),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::StockWrite)
        .versioned()
        .refuses(&["product_deleted", "product_not_found", "stock_below_reserved"])
        .causes(&["StockAdjusted"])
        .handler(routes!(adjust_stock))
}

/// Adjusts stock by a difference
#[utoipa::path(post, path = "/v1/stock/adjust", tag = "stock", request_body = Adjustment,
    responses((status = 200, description = "The stock after it", body = super::StockView)))]
pub(crate) async fn adjust_stock(
    State(app): State<AppState>,
    command: Command<Adjustment>,
) -> Result<Response, Problem> {
    let Command {
        body,
        context,
        expected,
    } = command;
    let request = v1::AdjustStockRequest {
        context: Some(context),
        product_id: body.product_id,
        quantity: body.quantity,
        reason: body.reason,
        expected_version: None,
    };
    let write = |expected_version| {
        let request = v1::AdjustStockRequest {
            expected_version,
            ..request.clone()
        };
        let mut client = app.stock_command();
        async move { ask(CALL, client.adjust_stock(timed(CALL, request))).await }
    };
    super::changed(expected.attempt(write).await)
}
