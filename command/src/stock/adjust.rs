//! The shelf has more or fewer than the books say.

use domain::{Reason, stock::StockCommand};
use proto::{
    failure::Failure,
    v1::{AdjustStockRequest, StockReply},
};

use super::change::change;
use crate::{context::Context, core::Core, fields::Fields};

pub(super) async fn adjust_stock(core: &Core, request: AdjustStockRequest) -> Result<StockReply, Failure> {
    let context = Context::new(core, "adjust_stock", request.context)?;
    let mut fields = Fields::default();
    let product_id = fields.check("product_id", request.product_id.parse());
    let reason = fields.check("reason", Reason::new(&request.reason));
    if request.quantity == 0 {
        fields.add("quantity", "out_of_range", "an adjustment is not 0");
    }
    fields.into_result()?;
    let (Some(product_id), Some(reason)) = (product_id, reason) else {
        return Err(Fields::default().into_failure());
    };
    let command = StockCommand::Adjust {
        delta: request.quantity,
        reason,
    };
    change(core, &context, product_id, request.expected_version, command).await
}
