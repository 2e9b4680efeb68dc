//! Goods came in.

use domain::{Quantity, Reason, stock::StockCommand};
use proto::{
    failure::Failure,
    v1::{ReceiveStockRequest, StockReply},
};

use super::change::change;
use crate::{context::Context, core::Core, fields::Fields};

pub(super) async fn receive_stock(core: &Core, request: ReceiveStockRequest) -> Result<StockReply, Failure> {
    let context = Context::new(core, "receive_stock", request.context)?;
    let mut fields = Fields::default();
    let product_id = fields.check("product_id", request.product_id.parse());
    let quantity = fields.check("quantity", Quantity::new(request.quantity));
    let reason = optional_reason(&mut fields, &request.reason);
    fields.into_result()?;
    let (Some(product_id), Some(quantity)) = (product_id, quantity) else {
        return Err(Fields::default().into_failure());
    };
    let command = StockCommand::Receive { quantity, reason };
    change(core, &context, product_id, request.expected_version, command).await
}

/// A reason that may be left out.
pub(super) fn optional_reason(fields: &mut Fields, text: &str) -> Option<Reason> {
    if text.trim().is_empty() {
        return None;
    }
    fields.check("reason", Reason::new(text))
}
