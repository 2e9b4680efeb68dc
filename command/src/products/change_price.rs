//! A new price.

use domain::product::ProductCommand;
use proto::{
    failure::Failure,
    v1::{ChangePriceRequest, ProductReply},
};

use super::{change::Change, request};
use crate::{context::Context, core::Core};

pub(super) async fn change_price(core: &Core, request: ChangePriceRequest) -> Result<ProductReply, Failure> {
    let (context, change) = Context::accept(core, "change_price", request.context, |fields| {
        let id = fields.check("id", request.id.parse());
        let price = request::price(fields, request.price)?;
        let commands = vec![ProductCommand::ChangePrice { price }];
        Some(Change::new(id?, request.expected_version, commands))
    })?;
    change.run(core, &context).await
}
