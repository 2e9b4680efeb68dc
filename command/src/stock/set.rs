//! The shelf was counted.

use domain::stock::StockCommand;
use proto::{
    failure::Failure,
    v1::{SetStockRequest, StockReply},
};

use super::{change::change, receive::optional_reason};
use crate::{context::Context, core::Core, fields::Fields};

pub(super) async fn set_stock(core: &Core, request: SetStockRequest) -> Result<StockReply, Failure> {
    let context = Context::new(core, "set_stock", request.context)?;
    let mut fields = Fields::default();
    let product_id = fields.check("product_id", request.product_id.parse());
    let reason = optional_reason(&mut fields, &request.reason);
    if request.quantity < 0 {
        fields.add("quantity", "out_of_range", "a count is 0 or more");
    }
    fields.into_result()?;
    let Some(product_id) = product_id else {
        return Err(Fields::default().into_failure());
    };
    let command = StockCommand::Set {
        quantity: request.quantity,
        expected: request.expected,
        reason,
    };
    change(core, &context, product_id, request.expected_version, command).await
}
