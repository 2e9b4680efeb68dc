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
use crate::{context::Context, core::Core};

pub(super) async fn create_product(core: &Core, request: CreateProductRequest) -> Result<ProductReply, Failure> {
    // The id carries the time of the command, so it is minted below.
    let (context, create) = Context::accept(core, "create_product", request.context, |fields| {
        let sku = fields.check("sku", Sku::new(&request.sku));
        let name = fields.check("name", ProductName::new(&request.name));
        let description = fields.check("description", Description::new(&request.description));
        let price = request::price(fields, request.price);
        let category = fields.check("category", CategoryPath::new(&request.category));
        let attributes = request::attributes(fields, "attributes", request.attributes);
        let status = request::status(fields, request.status).unwrap_or_default();
        let (sku, name, description, price, category) = (sku?, name?, description?, price?, category?);
        Some(move |product_id| CreateProduct {
            product_id,
            sku,
            name,
            description,
            price: Some(price),
            category,
            attributes,
            status,
        })
    })?;
    let product_id = ProductId::new(core.mint(context.now));
    let create = create(product_id);
    let change = Change {
        fresh: true,
        skus: vec![create.sku.clone()],
        ..Change::new(product_id, None, vec![ProductCommand::Create(create)])
    };
    change.run(core, &context).await
}
