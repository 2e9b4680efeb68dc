//! Puts a product away and releases its SKU, in one commit.

use domain::product::ProductCommand;
use proto::{
    failure::Failure,
    v1::{ProductReply, ProductRequest},
};

use super::{change::Change, request};
use crate::{context::Context, core::Core, fields::Fields};

pub(super) async fn delete_product(core: &Core, request: ProductRequest) -> Result<ProductReply, Failure> {
    let context = Context::new(core, "delete_product", request.context)?;
    let mut fields = Fields::default();
    let Some(id) = request::product_id(&mut fields, "id", &request.id) else {
        return Err(fields.into_failure());
    };
    Change::new(id, request.expected_version, vec![ProductCommand::Delete])
        .run_with_own_sku(core, &context)
        .await
}
