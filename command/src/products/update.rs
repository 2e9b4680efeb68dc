//! Changes the fields that are present; a new SKU moves the claim in the same commit.

use domain::{
    AttributeKey, CategoryPath, Currency, Description, ProductName, Sku, price_amount,
    product::{ProductCommand, ProductStatus, UpdateProduct},
};
use proto::{
    failure::Failure,
    v1::{PricePatch, ProductReply, UpdateProductRequest},
};

use super::{change::Change, request};
use crate::{context::Context, core::Core, fields::Fields};

pub(super) async fn update_product(core: &Core, mut request: UpdateProductRequest) -> Result<ProductReply, Failure> {
    let context = request.context.take();
    let (context, change) = Context::accept(core, "update_product", context, |fields| read(fields, request))?;
    if change.skus.is_empty() {
        change.run(core, &context).await
    } else {
        change.run_with_own_sku(core, &context).await
    }
}

fn read(fields: &mut Fields, request: UpdateProductRequest) -> Option<Change> {
    let id = fields.check("id", request.id.parse());
    let sku = request.sku.and_then(|sku| fields.check("sku", Sku::new(sku)));
    let name = request
        .name
        .and_then(|name| fields.check("name", ProductName::new(name)));
    let description = request
        .description
        .and_then(|text| fields.check("description", Description::new(text)));
    let category = request
        .category
        .and_then(|text| fields.check("category", CategoryPath::new(text)));
    let price = request.price.and_then(|patch| price(fields, &patch));
    let set_attributes = request::attributes(fields, "attributes", request.set_attributes);
    let remove_attributes = request
        .remove_attributes
        .iter()
        .filter_map(|key| fields.check(format!("attributes.{key}"), AttributeKey::new(key)))
        .collect();
    let status = request.status.and_then(|status| request::status(fields, status));

    let skus = sku.iter().cloned().collect();
    let mut commands = vec![ProductCommand::Update(UpdateProduct {
        sku,
        name,
        description,
        category,
        set_attributes,
        remove_attributes,
        clear_attributes: request.clear_attributes,
    })];
    commands.extend(price);
    commands.extend(request::status_command(status));
    Some(Change {
        skus,
        must_be_draft: status == Some(ProductStatus::Draft),
        ..Change::new(id?, request.expected_version, commands)
    })
}

/// The change of a price or of one half of it; `None` when it changes nothing, or when something is wrong, which is noted.
fn price(fields: &mut Fields, patch: &PricePatch) -> Option<ProductCommand> {
    let currency = patch.currency.as_ref();
    let currency = currency.and_then(|text| fields.check("price.currency", Currency::new(text)));
    let amount = patch
        .amount
        .and_then(|amount| fields.check("price.amount", price_amount(amount)));
    // After a mistake no command is given, so that half of it does no harm.
    (amount.is_some() || currency.is_some()).then_some(ProductCommand::AmendPrice { amount, currency })
}
