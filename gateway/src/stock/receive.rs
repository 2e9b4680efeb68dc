//! `POST /v1/stock/receive`

use axum::{extract::State, response::Response};
use proto::v1;

use crate::{
    auth::Admin,
    body::Command,
    call::{CALL, ask, timed},
    edge::Edge,
    id::PRODUCT,
    json::{Fields, ReadBody},
    problem::Problem,
};

/// Goods that came in.
#[derive(utoipa::ToSchema)]
pub(crate) struct Receipt {
    #[schema(example = "prod_0198c0de-0000-7000-8000-000000000001")]
    product_id: String,
    /// Units, at least one.
    #[schema(example = 10)]
    quantity: i64,
    reason: Option<String>,
}

impl ReadBody for Receipt {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            product_id: fields.id("product_id", PRODUCT),
            quantity: fields.number("quantity", values::quantity),
            reason: fields.optional_ruled("reason", &values::REASON.optional()),
        }
    }
}

/// Receives goods
#[utoipa::path(post, path = "/v1/stock/receive", tag = "stock", security(("bearer" = [])), request_body = Receipt,
    responses((status = 200, description = "The stock after it", body = super::StockView)))]
pub(crate) async fn receive_stock(
    State(edge): State<Edge>,
    _: Admin,
    command: Command<Receipt>,
) -> Result<Response, Problem> {
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
        let mut client = edge.stock_command();
        async move { ask(CALL, client.receive_stock(timed(CALL, request))).await }
    };
    super::changed(expected.attempt(write).await)
}
