//! A new price.

use domain::product::ProductCommand;
use proto::{
    failure::Failure,
    v1::{ChangePriceRequest, ProductReply},
};

use super::{change::Change, request};
use crate::{context::Context, core::Core, fields::Fields};

pub(super) async fn change_price(core: &Core, request: ChangePriceRequest) -> Result<ProductReply, Failure> {
    let context = Context::new(core, "change_price", request.context)?;
    let mut fields = Fields::default();
    let id = request::product_id(&mut fields, "id", &request.id);
    let price = request::price(&mut fields, request.price);
    let (Some(id), Some(price)) = (id, price) else {
        return Err(fields.into_failure());
    };
    Change::new(
        id,
        request.expected_version,
        vec![ProductCommand::ChangePrice { price }],
    )
    .run(core, &context)
    .await
}
