//! A new product and the claim of its SKU, in one commit.

use domain::{
    CategoryPath, Description, ProductId, ProductName, Sku,
    product::{CreateProduct, ProductCommand},
};
use proto::{
    failure::Failure,
    v1::{CreateProductRequest, ProductReply},
};

use super::{change::Change, request};
use crate::{context::Context, core::Core, fields::Fields};

pub(super) async fn create_product(core: &Core, request: CreateProductRequest) -> Result<ProductReply, Failure> {
    let context = Context::new(core, "create_product", request.context)?;
    let mut fields = Fields::default();
    let sku = fields.check("sku", Sku::new(&request.sku));
    let name = fields.check("name", ProductName::new(&request.name));
    let description = fields.check("description", Description::new(&request.description));
    let price = request::price(&mut fields, request.price);
    let category = fields.check("category", CategoryPath::new(&request.category));
    let attributes = request::attributes(&mut fields, "attributes", request.attributes);
    let status = request::status(&mut fields, request.status).unwrap_or_default();
    fields.into_result()?;
    let (Some(sku), Some(name), Some(description), Some(price), Some(category)) =
        (sku, name, description, price, category)
    else {
        return Err(Fields::default().into_failure());
    };
    let product_id = ProductId::new(core.mint(context.now));
    let create = CreateProduct {
        product_id,
        sku: sku.clone(),
        name,
        description,
        price: Some(price),
        category,
        attributes,
        status,
    };
    let change = Change {
        fresh: true,
        skus: vec![sku],
        ..Change::new(product_id, None, vec![ProductCommand::Create(create)])
    };
    change.run(core, &context).await
}
