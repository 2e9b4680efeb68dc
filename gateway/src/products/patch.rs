//! `PATCH /v1/products/{id}`: a JSON merge patch (RFC 7396).
//!
//! The service changes whole values and removes attributes by name. A patch that says less, half a price or
//! `"attributes": null`, is completed from the product as it is read, and goes through only if nobody has changed the
//! product since; otherwise it is completed anew.

use std::{collections::HashMap, time::Duration};

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::{
    failure::{Failure, FailureKind},
    v1::{self, AttributeValue, CommandContext, ProductStatus},
};

use super::view::{Attribute, ProductView, STATUSES, Status};
use crate::{
    auth::Admin,
    body::Command,
    call::{CALL, ask, timed},
    edge::Edge,
    etag::{self, Expected},
    id::ProductId,
    json::{Fields, Patch, ReadBody},
    money::is_currency,
    problem::Problem,
};

/// How often a patch is completed before giving up.
const ATTEMPTS: u32 = 5;
/// Time for the read model to catch up between attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// What to change; absent members stay as they are.
#[derive(utoipa::ToSchema, Default, Debug, PartialEq)]
#[schema(as = ProductPatch, example = json!({
    "price": {"amount": 1300, "currency": "GBP"}, "category": "kitchen/mugs", "attributes": {"colour": "blue", "volume_ml": null}
}))]
pub(crate) struct ProductPatch {
    #[schema(value_type = Option<String>, nullable = false)]
    sku: Option<String>,
    #[schema(value_type = Option<String>, nullable = false)]
    name: Option<String>,
    /// `null` clears it.
    #[schema(value_type = Option<String>)]
    description: Option<String>,
    #[schema(nullable = false)]
    price: Option<PricePatch>,
    /// `null` clears it.
    #[schema(value_type = Option<String>)]
    category: Option<String>,
    /// `null` removes an attribute; `null` instead of the object removes all.
    #[schema(value_type = Option<HashMap<String, Attribute>>)]
    attributes: Patch<HashMap<String, Option<AttributeValue>>>,
    #[schema(value_type = Option<Status>, nullable = false)]
    status: Option<ProductStatus>,
}

/// A price, or one half of it.
#[derive(Clone, Default, Debug, PartialEq, utoipa::ToSchema)]
struct PricePatch {
    /// Minor units.
    #[schema(nullable = false)]
    amount: Option<i64>,
    /// ISO 4217, upper case.
    #[schema(nullable = false, example = "GBP")]
    currency: Option<String>,
}

impl ReadBody for ProductPatch {
    const MEDIA_TYPES: &'static [&'static str] = &["application/merge-patch+json", "application/json"];

    fn read(fields: &mut Fields<'_>) -> Self {
        let sku = fields.patch_text("sku");
        let name = fields.patch_text("name");
        let description = fields.patch_text("description");
        let category = fields.patch_text("category");
        let price = fields.patch_object("price", |price| {
            let amount = price.patch_integer("amount");
            let currency = price.patch_text("currency");
            if matches!(&currency, Patch::Set(text) if !is_currency(text)) {
                price.wrong(
                    "currency",
                    "invalid_format",
                    "three upper-case letters are expected (ISO 4217)",
                );
            }
            PricePatch {
                amount: kept(price, "amount", amount),
                currency: kept(price, "currency", currency),
            }
        });
        let attributes = fields.patch_object("attributes", Fields::attributes);
        let status = fields.patch_one_of("status", STATUSES);
        Self {
            sku: kept(fields, "sku", sku),
            name: kept(fields, "name", name),
            description: cleared(description),
            price: kept(fields, "price", price),
            category: cleared(category),
            attributes,
            status: kept(fields, "status", status),
        }
    }
}

/// The value of a member that cannot be cleared.
fn kept<T>(fields: &Fields<'_>, name: &str, patch: Patch<T>) -> Option<T> {
    match patch {
        Patch::Keep => None,
        Patch::Set(value) => Some(value),
        Patch::Clear => {
            fields.wrong(name, "required", "the field cannot be removed");
            None
        }
    }
}

/// The value of a text that is empty when cleared.
fn cleared(patch: Patch<String>) -> Option<String> {
    match patch {
        Patch::Keep => None,
        Patch::Set(text) => Some(text),
        Patch::Clear => Some(String::new()),
    }
}

impl ProductPatch {
    /// True when the patch can be understood only with the product at hand.
    fn needs_product(&self) -> bool {
        let half_price = self
            .price
            .as_ref()
            .is_some_and(|price| price.amount.is_none() || price.currency.is_none());
        half_price || self.attributes == Patch::Clear
    }

    /// The service's request. `product` is there when it is needed.
    fn request(&self, id: &str, context: CommandContext, product: Option<&v1::Product>) -> v1::UpdateProductRequest {
        let present = product.and_then(|product| product.price.clone()).unwrap_or_default();
        let price = self.price.clone().map(|price| v1::Money {
            amount: price.amount.unwrap_or(present.amount),
            currency: price.currency.unwrap_or(present.currency),
        });
        let mut set_attributes = HashMap::new();
        let mut remove_attributes = Vec::new();
        match &self.attributes {
            Patch::Keep => (),
            Patch::Clear => {
                remove_attributes.extend(product.iter().flat_map(|product| product.attributes.keys().cloned()));
            }
            Patch::Set(attributes) => {
                for (key, value) in attributes {
                    match value {
                        Some(value) => drop(set_attributes.insert(key.clone(), value.clone())),
                        None => remove_attributes.push(key.clone()),
                    }
                }
            }
        }
        remove_attributes.sort_unstable();
        v1::UpdateProductRequest {
            context: Some(context),
            id: id.to_owned(),
            expected_version: None,
            sku: self.sku.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            price,
            category: self.category.clone(),
            set_attributes,
            remove_attributes,
            status: self.status.map(Into::into),
        }
    }
}

/// Changes a product
///
/// A JSON merge patch (RFC 7396): members that are absent stay, `null` removes.
#[utoipa::path(patch, path = "/v1/products/{id}", tag = "products", security(("bearer" = [])),
    params(("id" = String, Path, description = "Id of the product")),
    request_body(content((ProductPatch = "application/merge-patch+json"), (ProductPatch = "application/json"))),
    responses((status = 200, description = "Changed", body = ProductView)))]
pub(crate) async fn update_product(
    State(edge): State<Edge>,
    _: Admin,
    ProductId(id): ProductId,
    command: Command<ProductPatch>,
) -> Result<Response, Problem> {
    let Command {
        body: patch,
        context,
        expected,
    } = command;
    let reply = if patch.needs_product() {
        complete(&edge, &patch, &id, context, &expected).await
    } else {
        let request = patch.request(&id, context, None);
        let update = |expected_version| {
            let request = v1::UpdateProductRequest {
                expected_version,
                ..request.clone()
            };
            let mut client = edge.product_command();
            async move { ask(CALL, client.update_product(timed(CALL, request))).await }
        };
        expected.attempt(update).await.map_err(problem)
    };
    Ok(super::answered(reply?, StatusCode::OK)?.into())
}

/// Completes the patch from the product and applies it to exactly that version.
async fn complete(
    edge: &Edge,
    patch: &ProductPatch,
    id: &str,
    context: CommandContext,
    expected: &Expected,
) -> Result<v1::ProductReply, Problem> {
    let mut last = Problem::internal();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        match attempt_to_complete(edge, patch, id, context.clone(), expected).await? {
            Attempt::Done(reply) => return Ok(*reply),
            Attempt::Again(problem) => last = problem,
        }
    }
    Err(last)
}

enum Attempt {
    Done(Box<v1::ProductReply>),
    /// The read model may be behind; with what to answer if it stays so.
    Again(Problem),
}

async fn attempt_to_complete(
    edge: &Edge,
    patch: &ProductPatch,
    id: &str,
    context: CommandContext,
    expected: &Expected,
) -> Result<Attempt, Problem> {
    let request = v1::GetProductRequest {
        context: None,
        id: id.to_owned(),
        include_hidden: true,
    };
    let product = match ask(CALL, edge.product_query().get_product(timed(CALL, request))).await {
        Ok(reply) => reply.product.ok_or_else(Problem::internal)?,
        Err(failure) if failure.kind() == FailureKind::NotFound => {
            return Ok(Attempt::Again(failure.into()));
        }
        Err(failure) => return Err(Problem::of_read(failure)),
    };
    let expected_version = expected.at(product.version);
    if expected_version.is_some_and(|expected| expected > product.version) {
        return Ok(Attempt::Again(etag::none_of(product.version).into()));
    }
    let request = v1::UpdateProductRequest {
        expected_version: expected_version.or(Some(product.version)),
        ..patch.request(id, context, Some(&product))
    };
    match ask(CALL, edge.product_command().update_product(timed(CALL, request))).await {
        Ok(reply) => Ok(Attempt::Done(Box::new(reply))),
        Err(failure) if failure.kind() == FailureKind::StaleVersion && *expected == Expected::Any => {
            Ok(Attempt::Again(Problem::new(
                StatusCode::CONFLICT,
                "conflict",
                "others kept changing the product; try again",
            )))
        }
        Err(failure) => Err(problem(failure)),
    }
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

    fn request(text: &str, product: Option<&v1::Product>) -> v1::UpdateProductRequest {
        patch(text)
            .unwrap()
            .request("prod_1", CommandContext::default(), product)
    }

    fn text(value: &str) -> AttributeValue {
        AttributeValue {
            value: Some(Value::Text(value.to_owned())),
        }
    }

    #[test]
    fn absent_members_stay_and_null_clears() {
        let request = request(
            r#"{"description": null, "category": "a/b", "attributes": {"size": null, "colour": "red"}}"#,
            None,
        );
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
    fn half_a_price_and_all_attributes_are_completed_from_the_product() {
        let product = v1::Product {
            price: Some(v1::Money {
                amount: 1250,
                currency: "GBP".to_owned(),
            }),
            attributes: [("size".to_owned(), text("L")), ("colour".to_owned(), text("red"))].into(),
            ..v1::Product::default()
        };
        let half = r#"{"price": {"amount": 990}, "attributes": null}"#;
        assert!(patch(half).unwrap().needs_product());
        let completed = request(half, Some(&product));
        assert_eq!(
            completed.price,
            Some(v1::Money {
                amount: 990,
                currency: "GBP".to_owned()
            })
        );
        assert_eq!(completed.remove_attributes, ["colour", "size"]);
        assert!(completed.set_attributes.is_empty());
        let whole = r#"{"price": {"amount": 990, "currency": "EUR"}, "attributes": {}}"#;
        assert!(!patch(whole).unwrap().needs_product());
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
