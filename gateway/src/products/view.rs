//! A product as clients see it.

use std::{borrow::Cow, collections::BTreeMap};

use proto::v1::{self, ProductStatus, attribute_value};
use serde::{Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type, schema::SchemaType},
};

use crate::{money::Money, times::rfc3339};

/// Status by its name in the API.
pub(crate) const STATUSES: &[(&str, ProductStatus)] = &[
    ("draft", ProductStatus::Draft),
    ("active", ProductStatus::Active),
    ("archived", ProductStatus::Archived),
];

/// What customers can do with a product.
#[derive(ToSchema)]
#[schema(as = ProductStatus, rename_all = "snake_case")]
#[expect(dead_code, reason = "documents the words of `STATUSES`")]
pub(crate) enum Status {
    /// Not shown yet.
    Draft,
    /// Shown and sold.
    Active,
    /// Not shown any more.
    Archived,
}

/// A string, a number or a boolean.
#[derive(Debug, PartialEq)]
pub(crate) struct Attribute(pub(crate) v1::AttributeValue);

/// What is on the shelf.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Shelf {
    /// Units in the house.
    on_hand: i64,
    /// Of those, units that orders hold.
    reserved: i64,
    /// Units that can be ordered: on hand - reserved.
    available: i64,
}

/// A product.
#[derive(Serialize, ToSchema)]
#[schema(as = Product)]
pub(crate) struct ProductView {
    #[schema(example = "prod_0198c0de-0000-7000-8000-000000000001")]
    id: String,
    #[schema(example = "MUG-1")]
    sku: String,
    name: String,
    description: String,
    /// Null: not known yet, so it is not sold.
    #[schema(required)]
    price: Option<Money>,
    /// Path from the root; empty: uncategorised.
    #[schema(example = "kitchen/mugs")]
    category: String,
    #[schema(value_type = BTreeMap<String, Attribute>)]
    attributes: BTreeMap<String, Attribute>,
    #[schema(value_type = Status)]
    status: &'static str,
    /// Also the `ETag`.
    version: u64,
    stock: Shelf,
    created_at: String,
    updated_at: String,
    /// Only in a deleted product.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
}

impl PartialSchema for Attribute {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Number, Type::Boolean]))
            .description(Some("A string, a number or a boolean."))
            .into()
    }
}

impl ToSchema for Attribute {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("AttributeValue")
    }
}

impl Serialize for Attribute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.value {
            Some(attribute_value::Value::Text(text)) => serializer.serialize_str(text),
            Some(attribute_value::Value::Integer(integer)) => serializer.serialize_i64(*integer),
            Some(attribute_value::Value::Number(number)) => serializer.serialize_f64(*number),
            Some(attribute_value::Value::Boolean(boolean)) => serializer.serialize_bool(*boolean),
            None => serializer.serialize_unit(),
        }
    }
}

impl From<v1::StockLevel> for Shelf {
    fn from(level: v1::StockLevel) -> Self {
        Self {
            on_hand: level.on_hand,
            reserved: level.reserved,
            available: level.available,
        }
    }
}

impl From<v1::Product> for ProductView {
    fn from(product: v1::Product) -> Self {
        let status = match product.status() {
            ProductStatus::Draft | ProductStatus::Unspecified => "draft",
            ProductStatus::Active => "active",
            ProductStatus::Archived => "archived",
        };
        Self {
            status,
            id: product.id,
            sku: product.sku,
            name: product.name,
            description: product.description,
            price: product.price.map(Into::into),
            category: product.category,
            attributes: product
                .attributes
                .into_iter()
                .map(|(key, value)| (key, Attribute(value)))
                .collect(),
            version: product.version,
            stock: product.stock.unwrap_or_default().into(),
            created_at: rfc3339(product.created_at_micros),
            updated_at: rfc3339(product.updated_at_micros),
            deleted_at: product.deleted_at_micros.map(rfc3339),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_has_the_documented_shape() {
        let attribute = |value| v1::AttributeValue { value: Some(value) };
        let product = v1::Product {
            id: "prod_1".to_owned(),
            sku: "MUG-1".to_owned(),
            name: "Mug".to_owned(),
            description: "A mug".to_owned(),
            price: Some(v1::Money {
                amount: 1250,
                currency: "GBP".to_owned(),
            }),
            category: "kitchen/mugs".to_owned(),
            attributes: [
                (
                    "colour".to_owned(),
                    attribute(attribute_value::Value::Text("red".to_owned())),
                ),
                ("height".to_owned(), attribute(attribute_value::Value::Number(9.5))),
                ("pieces".to_owned(), attribute(attribute_value::Value::Integer(1))),
                ("washable".to_owned(), attribute(attribute_value::Value::Boolean(true))),
            ]
            .into(),
            status: ProductStatus::Active.into(),
            version: 3,
            stock: Some(v1::StockLevel {
                on_hand: 10,
                reserved: 2,
                available: 8,
                version: 4,
            }),
            created_at_micros: 0,
            updated_at_micros: 1_500_000,
            deleted_at_micros: None,
        };
        insta::assert_json_snapshot!(ProductView::from(product), @r#"
        {
          "id": "prod_1",
          "sku": "MUG-1",
          "name": "Mug",
          "description": "A mug",
          "price": {
            "amount": 1250,
            "currency": "GBP"
          },
          "category": "kitchen/mugs",
          "attributes": {
            "colour": "red",
            "height": 9.5,
            "pieces": 1,
            "washable": true
          },
          "status": "active",
          "version": 3,
          "stock": {
            "on_hand": 10,
            "reserved": 2,
            "available": 8
          },
          "created_at": "1970-01-01T00:00:00.000000Z",
          "updated_at": "1970-01-01T00:00:01.500000Z"
        }
        "#);
    }
}
