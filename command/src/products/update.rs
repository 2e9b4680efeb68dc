//! Changes the fields that are present; a new SKU moves the claim in the same commit.

use domain::{
    AttributeKey, CategoryPath, Currency, Description, ProductName, Sku,
    product::{ProductCommand, ProductStatus, UpdateProduct},
};
use proto::{
    failure::Failure,
    v1::{PricePatch, ProductReply, UpdateProductRequest},
};

use super::{change::Change, request};
use crate::{context::Context, core::Core, fields::Fields};

pub(super) async fn update_product(core: &Core, request: UpdateProductRequest) -> Result<ProductReply, Failure> {
    let context = Context::new(core, "update_product", request.context)?;
    let mut fields = Fields::default();
    let id = request::product_id(&mut fields, "id", &request.id);
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
    let price = request.price.and_then(|patch| price(&mut fields, &patch));
    let set_attributes = request::attributes(&mut fields, "attributes", request.set_attributes);
    let remove_attributes = request
        .remove_attributes
        .iter()
        .filter_map(|key| fields.check(format!("attributes.{key}"), AttributeKey::new(key)))
        .collect();
    let status = request.status.and_then(|status| request::status(&mut fields, status));
    fields.into_result()?;
    let Some(id) = id else {
        return Err(Fields::default().into_failure());
    };

    let new_sku = sku.clone();
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
    match status {
        Some(ProductStatus::Active) => commands.push(ProductCommand::Publish),
        Some(ProductStatus::Archived) => commands.push(ProductCommand::Archive),
        Some(ProductStatus::Draft) | None => {}
    }
    let change = Change {
        must_be_draft: status == Some(ProductStatus::Draft),
        ..Change::new(id, request.expected_version, commands)
    };
    match new_sku {
        Some(sku) => {
            Change {
                skus: vec![sku],
                ..change
            }
            .run_with_own_sku(core, &context)
            .await
        }
        None => change.run(core, &context).await,
    }
}

/// The change of a price or of one half of it; `None` when it changes nothing, or when something is wrong, which is noted.
fn price(fields: &mut Fields, patch: &PricePatch) -> Option<ProductCommand> {
    let currency = match &patch.currency {
        Some(text) => Some(fields.check("price.currency", Currency::new(text))?),
        None => None,
    };
    match (patch.amount, currency) {
        (None, None) => None,
        (amount, currency) => Some(ProductCommand::AmendPrice { amount, currency }),
    }
}
