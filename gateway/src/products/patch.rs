//! `PATCH /v1/products/{id}`: a JSON merge patch (RFC 7396).

use std::collections::HashMap;

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::{
    failure::Failure,
    v1::{self, AttributeValue, CommandContext, ProductStatus},
};

use super::view::{Attribute, ProductView, STATUSES, Status};
use crate::{
    app_state::AppState,
    body::Command,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, Permission, routes},
    id::ProductId,
    json::{Fields, MERGE_PATCH, Patch, body},
    problem::Problem,
};

body! {
    /// What to change; absent members stay as they are.
    #[derive(Default, Debug, PartialEq)]
    #[schema(example = json!({
        "price": {"amount": 1300, "currency": "GBP"}, "category": "kitchen/mugs", "attributes": {"colour": "blue", "volume_ml": null}
    }))]
    pub(crate) struct ProductPatch in MERGE_PATCH {
        #[schema(value_type = Option<String>, nullable = false)]
        sku: Option<String> = changed_ruled(&values::SKU),
        #[schema(value_type = Option<String>, nullable = false)]
        name: Option<String> = changed_ruled(&values::PRODUCT_NAME),
        /// `null` clears it.
        #[schema(value_type = Option<String>)]
        description: Option<String> = cleared_ruled(&values::DESCRIPTION),
        #[schema(nullable = false)]
        price: Option<PricePatch> = changed_object(PricePatch::read),
        /// `null` clears it.
        #[schema(value_type = Option<String>)]
        category: Option<String> = cleared_ruled(&values::CATEGORY),
        /// `null` removes an attribute; `null` instead of the object removes all.
        #[schema(value_type = Option<HashMap<String, Attribute>>)]
        attributes: Patch<HashMap<String, Option<AttributeValue>>> = patch_object(Fields::attributes),
        #[schema(value_type = Option<Status>, nullable = false)]
        status: Option<ProductStatus> = changed_one_of(STATUSES),
    }
}

body! {
    /// A price, or one half of it.
    #[derive(Clone, Default, Debug, PartialEq)]
    struct PricePatch {
        /// Minor units.
        #[schema(nullable = false)]
        amount: Option<i64> = changed_number(&values::PRICE_AMOUNT),
        /// ISO 4217, upper case.
        #[schema(nullable = false, example = "GBP")]
        currency: Option<String> = changed_ruled(&values::CURRENCY),
    }
}

impl ProductPatch {
    /// The service's request.
    fn request(self, id: String, context: CommandContext) -> v1::UpdateProductRequest {
        let mut set_attributes = HashMap::new();
        let mut remove_attributes = Vec::new();
        let clear_attributes = self.attributes == Patch::Clear;
        if let Patch::Set(attributes) = self.attributes {
            for (key, value) in attributes {
                match value {
                    Some(value) => drop(set_attributes.insert(key, value)),
                    None => remove_attributes.push(key),
                }
            }
        }
        remove_attributes.sort_unstable();
        v1::UpdateProductRequest {
            context: Some(context),
            id,
            expected_version: None,
            sku: self.sku,
            name: self.name,
            description: self.description,
            price: self.price.map(|price| v1::PricePatch {
                amount: price.amount,
                currency: price.currency,
            }),
            category: self.category,
            set_attributes,
            remove_attributes,
            status: self.status.map(Into::into),
            clear_attributes,
        }
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::ProductsWrite)
        .versioned()
        .refuses(&[
            "price_required",
            "product_deleted",
            "product_not_found",
            "sku_taken",
            "status_not_reachable",
        ])
        .causes(&[
            "ProductUpdated",
            "ProductPriceChanged",
            "ProductPublished",
            "ProductArchived",
            "SkuClaimed",
            "SkuReleased",
        ])
        .handler(routes!(update_product))
}

/// Changes a product
///
/// A JSON merge patch (RFC 7396): members that are absent stay, `null` removes.
#[utoipa::path(patch, path = "/v1/products/{id}", tag = "products",
    params(("id" = String, Path, description = "Id of the product")),
    request_body(content((ProductPatch = "application/merge-patch+json"), (ProductPatch = "application/json"))),
    responses((status = 200, description = "Changed", body = ProductView)))]
pub(crate) async fn update_product(
    State(app): State<AppState>,
    ProductId(id): ProductId,
    command: Command<ProductPatch>,
) -> Result<Response, Problem> {
    let Command {
        body: patch,
        context,
        expected,
    } = command;
    let request = patch.request(id, context);
    let update = |expected_version| {
        let request = v1::UpdateProductRequest {
            expected_version,
            ..request.clone()
        };
        let mut client = app.product_command();
        async move { ask(CALL, client.update_product(timed(CALL, request))).await }
    };
    let reply = expected.attempt(update).await.map_err(problem)?;
    Ok(super::answered(reply, StatusCode::OK)?.into())
}

/// The service's names for attributes are not the patch's.
fn problem(failure: Failure) -> Problem {
    Problem::from(failure).rename_fields(|field| {
        let rest = field
            .strip_prefix("set_attributes")
            .or_else(|| field.strip_prefix("remove_attributes"))?;
        Some(format!("attributes{rest}"))
    })
}

#[cfg(test)]
mod tests {
    use proto::v1::attribute_value::Value;

    use super::*;
    use crate::{json::read_body, problem::FieldError};

    fn patch(text: &str) -> Result<ProductPatch, Vec<(String, String)>> {
        read_body(serde_json::from_str(text).unwrap()).map_err(|errors: Vec<FieldError>| {
            errors
                .into_iter()
                .map(|error| (error.field, error.code.into_owned()))
                .collect()
        })
    }

    fn request(text: &str) -> v1::UpdateProductRequest {
        let patch = patch(text).unwrap();
        patch.request("prod_1".to_owned(), CommandContext::default())
    }

    fn text(value: &str) -> AttributeValue {
        AttributeValue {
            value: Some(Value::Text(value.to_owned())),
        }
    }

    #[test]
    fn absent_members_stay_and_null_clears() {
        let request =
            request(r#"{"description": null, "category": "a/b", "attributes": {"size": null, "colour": "red"}}"#);
        assert_eq!(
            (request.sku, request.name, request.price, request.status),
            (None, None, None, None)
        );
        assert_eq!(request.description.as_deref(), Some(""));
        assert_eq!(request.category.as_deref(), Some("a/b"));
        assert_eq!(request.remove_attributes, ["size"]);
        assert_eq!(request.set_attributes, [("colour".to_owned(), text("red"))].into());
        assert_eq!(patch("{}"), Ok(ProductPatch::default()));
    }

    #[test]
    fn half_a_price_and_no_attributes_are_left_to_the_service() {
        let request = request(r#"{"price": {"amount": 990}, "attributes": null}"#);
        let price = v1::PricePatch {
            amount: Some(990),
            currency: None,
        };
        assert_eq!((request.price, request.clear_attributes), (Some(price), true));
        assert!(request.remove_attributes.is_empty() && request.set_attributes.is_empty());
    }

    #[test]
    fn what_cannot_be_removed_or_is_mistyped_is_told() {
        for (text, field, code) in [
            (r#"{"name": null}"#, "name", "required"),
            (r#"{"sku": null}"#, "sku", "required"),
            (r#"{"price": null}"#, "price", "required"),
            (r#"{"status": null}"#, "status", "required"),
            (r#"{"price": {"currency": null}}"#, "price.currency", "required"),
            (r#"{"price": {"amount": "1"}}"#, "price.amount", "invalid_type"),
            (r#"{"price": {"currency": "gbp"}}"#, "price.currency", "invalid_format"),
            (r#"{"status": "sold"}"#, "status", "unknown"),
            (
                r#"{"attributes": {"size": {"eu": 1}}}"#,
                "attributes.size",
                "invalid_type",
            ),
            (r#"{"attributes": []}"#, "attributes", "invalid_type"),
            (r#"{"version": 2}"#, "version", "unknown_field"),
        ] {
            assert_eq!(patch(text), Err(vec![(field.to_owned(), code.to_owned())]), "{text}");
        }
    }
}
