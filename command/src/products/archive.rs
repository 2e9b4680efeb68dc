//! Stops selling a product.

use domain::product::ProductCommand;
use proto::{
    failure::Failure,
    v1::{ProductReply, ProductRequest},
};

use super::{change::Change, request};
use crate::{context::Context, core::Core, fields::Fields};

pub(super) async fn archive_product(core: &Core, request: ProductRequest) -> Result<ProductReply, Failure> {
    let context = Context::new(core, "archive_product", request.context)?;
    let mut fields = Fields::default();
    let Some(id) = request::product_id(&mut fields, "id", &request.id) else {
        return Err(fields.into_failure());
    };
    Change::new(id, request.expected_version, vec![ProductCommand::Archive])
        .run(core, &context)
        .await
}
