//! Brings a deleted product back and claims its SKU again, in one commit.

use domain::product::ProductCommand;
use proto::{
    failure::Failure,
    v1::{ProductReply, ProductRequest},
};

use super::{change::Change, request};
use crate::{context::Context, core::Core, fields::Fields};

pub(super) async fn restore_product(core: &Core, request: ProductRequest) -> Result<ProductReply, Failure> {
    let context = Context::new(core, "restore_product", request.context)?;
    let mut fields = Fields::default();
    let Some(id) = request::product_id(&mut fields, "id", &request.id) else {
        return Err(fields.into_failure());
    };
    Change::new(id, request.expected_version, vec![ProductCommand::Restore])
        .run_with_own_sku(core, &context)
        .await
}
