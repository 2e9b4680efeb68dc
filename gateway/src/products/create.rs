//! `POST /v1/products`

use std::collections::HashMap;

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::v1::{self, ProductStatus};

use super::view::{Attribute, STATUSES, Status};
use crate::{
    app_state::AppState,
    body::Command,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, Permission, routes},
    json::{Fields, body},
    money::Money,
    problem::Problem,
};

body! {
    /// A product to create.
    pub(crate) struct NewProduct {
        /// Unique among all products.
        #[schema(example = "MUG-1")]
        sku: String = ruled(&values::SKU),
        #[schema(example = "Mug")]
        name: String = ruled(&values::PRODUCT_NAME),
        description: Option<String> = optional_ruled(&values::DESCRIPTION),
        #[schema(value_type = Money)]
        price: Option<Money> = object(Money::read_price),
        /// Path from the root.
        #[schema(example = "kitchen/mugs")]
        category: Option<String> = optional_ruled(&values::CATEGORY),
        #[schema(value_type = Option<HashMap<String, Attribute>>)]
        attributes: HashMap<String, v1::AttributeValue> = |fields| attributes(fields),
        /// Draft, unless said otherwise.
        #[schema(value_type = Option<Status>)]
        status: Option<ProductStatus> = optional_one_of(STATUSES),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::ProductsWrite)
        .refuses(&["sku_taken"])
        .causes(&["ProductCreated", "SkuClaimed", "StockReceived"])
        .handler(routes!(create_product))
}

/// The attributes that have a value.
fn attributes(fields: &mut Fields<'_>) -> HashMap<String, v1::AttributeValue> {
    let attributes = fields
        .optional_object("attributes", Fields::attributes)
        .unwrap_or_default();
    let given = attributes.into_iter().filter_map(|(key, value)| Some((key, value?)));
    let given: HashMap<_, _> = given.collect();
    fields.at_most("attributes", given.len(), values::MAX_ATTRIBUTES);
    given
}

/// Creates a product
#[utoipa::path(post, path = "/v1/products", tag = "products", request_body = NewProduct,
    responses((status = 201, description = "Created", body = super::view::ProductView)))]
pub(crate) async fn create_product(
    State(app): State<AppState>,
    command: Command<NewProduct>,
) -> Result<Response, Problem> {
    let Command { body, context, .. } = command;
    let request = v1::CreateProductRequest {
        context: Some(context),
        sku: body.sku,
        name: body.name,
        description: body.description.unwrap_or_default(),
        price: body.price.map(Into::into),
        category: body.category.unwrap_or_default(),
        attributes: body.attributes,
        status: body.status.unwrap_or(ProductStatus::Unspecified).into(),
    };
    let reply = ask(CALL, app.product_command().create_product(timed(CALL, request))).await?;
    let path = format!(
        "/v1/products/{}",
        reply.product.as_ref().map_or("", |product| &product.id)
    );
    Ok(super::answered(reply, StatusCode::CREATED)?
        .location(&app.base, &path)
        .into())
}
