//! The schema of products: from a row to the request's row.

use std::collections::HashMap;

use domain::{
    AttributeKey, AttributeValue, CategoryPath, Description, MAX_ATTRIBUTES, MAX_PRICE, Money, Price, ProductName,
    Quantity, Sku,
};
use files::read::Record;
use proto::v1::{self, ImportProductRow, ProductStatus};
use serde_json::{Map, Value};

use super::error::FieldError;
use super::field;
use super::header::Header;
use super::json::{self, Object};

/// Columns that a file must have.
pub(crate) const REQUIRED: &[&str] = &["sku", "name", "price", "currency"];
/// Columns that a file may have. One attribute of text may also stand in a column `attributes.<key>`.
pub(crate) const OPTIONAL: &[&str] = &[
    "description",
    "category",
    "attributes",
    "status",
    "initial_stock",
    "created_at",
];
/// What a column of a single attribute begins with.
pub(crate) const ATTRIBUTE_PREFIX: &str = "attributes.";

/// What a row says, before it is checked.
#[derive(Default)]
struct Draft {
    sku: String,
    name: String,
    description: String,
    category: String,
    status: String,
    created_at: String,
    attributes: HashMap<String, v1::AttributeValue>,
}

/// Reads a CSV record.
pub(crate) fn from_csv(header: &Header, record: &Record) -> Result<ImportProductRow, FieldError> {
    let text = |name: &'static str| header.text(record, name);
    let price = match text("price")? {
        "" => None,
        price => {
            let currency = field::currency("currency", text("currency")?)?;
            Some(Money::new(field::amount("price", price, currency)?, currency))
        }
    };
    let stock = text("initial_stock")?;
    let initial_stock = if stock.is_empty() {
        0
    } else {
        field::integer("initial_stock", stock)?
    };
    let mut draft = Draft {
        sku: text("sku")?.to_owned(),
        name: text("name")?.to_owned(),
        description: text("description")?.to_owned(),
        category: text("category")?.to_owned(),
        status: text("status")?.to_owned(),
        created_at: text("created_at")?.to_owned(),
        attributes: HashMap::new(),
    };
    let document = text("attributes")?;
    if !document.is_empty() {
        match serde_json::from_str(document) {
            Ok(Value::Object(map)) => draft.attributes = attributes(map)?,
            Ok(_) | Err(_) => {
                return Err(FieldError::new(
                    "attributes",
                    "invalid_json",
                    "is a JSON object like {\"colour\": \"red\"}",
                ));
            }
        }
    }
    for (column, index) in header.prefixed(ATTRIBUTE_PREFIX) {
        let value = field::text(column, record.get(index).unwrap_or_default())?;
        if value.is_empty() {
            continue;
        }
        let key = column.strip_prefix(ATTRIBUTE_PREFIX).unwrap_or(column);
        set(&mut draft.attributes, key, &Value::String(value.to_owned()))?;
    }
    draft.check(price, initial_stock)
}

/// Reads a JSON document.
pub(crate) fn from_json(document: Map<String, Value>) -> Result<ImportProductRow, FieldError> {
    let mut object = Object::new(document);
    let mut draft = Draft {
        sku: object.text("sku")?,
        name: object.text("name")?,
        description: object.text("description")?,
        category: object.text("category")?,
        status: object.text("status")?,
        created_at: object.text("created_at")?,
        attributes: HashMap::new(),
    };
    let price = match object.object("price")? {
        Some(price) => Some(json::money("price", price)?),
        None => None,
    };
    let initial_stock = object.integer("initial_stock")?.unwrap_or_default();
    if let Some(members) = object.object("attributes")? {
        draft.attributes = attributes(members.into_members().collect())?;
    }
    object.finish()?;
    draft.check(price, initial_stock)
}

/// The SKU of a document that is wrong elsewhere, for the list of rejected rows.
pub(crate) fn key_of(document: &Map<String, Value>) -> String {
    document
        .get("sku")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .chars()
        .take(Sku::MAX_CHARS)
        .collect()
}

impl Draft {
    fn check(self, price: Option<Money>, initial_stock: i64) -> Result<ImportProductRow, FieldError> {
        let refused = |field: &'static str| move |error| FieldError::value(field, &error);
        let sku = Sku::new(self.sku).map_err(refused("sku"))?;
        let name = ProductName::new(self.name).map_err(refused("name"))?;
        let description = Description::new(self.description).map_err(refused("description"))?;
        let category = CategoryPath::new(self.category).map_err(refused("category"))?;
        if let Some(price) = price {
            Price::new(price).map_err(|_| {
                let most = Money::new(MAX_PRICE, price.currency);
                FieldError::new("price", "out_of_range", format!("a price is 0 to {most}"))
            })?;
        }
        if self.attributes.len() > MAX_ATTRIBUTES {
            return Err(FieldError::new(
                "attributes",
                "too_long",
                format!("a product has at most {MAX_ATTRIBUTES} attributes"),
            ));
        }
        let created_at = match self.created_at.as_str() {
            "" => None,
            text => Some(created_at(text)?),
        };
        Ok(ImportProductRow {
            sku: sku.into(),
            name: name.into(),
            description: description.into(),
            price: price.map(|price| v1::Money {
                amount: price.amount,
                currency: price.currency.to_string(),
            }),
            category: category.into(),
            attributes: self.attributes,
            status: status(&self.status)?.into(),
            occurred_at_micros: created_at,
            initial_stock: field::in_range("initial_stock", initial_stock, 0, Quantity::MAX.get())?,
        })
    }
}

/// The time of creation is part of the product's id, which has no room for years before 1970.
fn created_at(text: &str) -> Result<i64, FieldError> {
    let micros = field::time("created_at", text)?;
    if micros < 0 {
        return Err(FieldError::new(
            "created_at",
            "out_of_range",
            "is a time since the year 1970",
        ));
    }
    Ok(micros)
}

fn status(text: &str) -> Result<ProductStatus, FieldError> {
    match text {
        // The service knows best: a new product is a draft, another one stays what it is.
        "" => Ok(ProductStatus::Unspecified),
        "draft" => Ok(ProductStatus::Draft),
        "active" => Ok(ProductStatus::Active),
        "archived" => Ok(ProductStatus::Archived),
        _ => Err(FieldError::new("status", "unknown", "is draft, active or archived")),
    }
}

fn attributes(members: Map<String, Value>) -> Result<HashMap<String, v1::AttributeValue>, FieldError> {
    let mut attributes = HashMap::new();
    for (key, value) in members {
        set(&mut attributes, &key, &value)?;
    }
    Ok(attributes)
}

/// Takes an attribute in; `null` is as good as absent.
fn set(attributes: &mut HashMap<String, v1::AttributeValue>, key: &str, value: &Value) -> Result<(), FieldError> {
    if value.is_null() {
        return Ok(());
    }
    let key = AttributeKey::new(key).map_err(|error| FieldError::value("attributes", &error))?;
    let value = attribute(&key, value)?;
    if attributes.insert(key.to_string(), value).is_some() {
        return Err(FieldError::new(
            format!("{ATTRIBUTE_PREFIX}{key}"),
            "duplicate",
            "the attribute is given twice",
        ));
    }
    Ok(())
}

fn attribute(key: &AttributeKey, value: &Value) -> Result<v1::AttributeValue, FieldError> {
    use v1::attribute_value::Value as Wire;
    let field = || format!("{ATTRIBUTE_PREFIX}{key}");
    let wrong = |error| FieldError::value(field(), &error);
    let wire = match value {
        Value::String(text) => match AttributeValue::text(text).map_err(wrong)? {
            AttributeValue::Text(text) => Wire::Text(text.to_string()),
            other => Wire::Text(other.to_string()),
        },
        Value::Bool(boolean) => Wire::Boolean(*boolean),
        Value::Number(number) if !number.is_f64() => Wire::Integer(json::integer(&field(), number)?),
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            AttributeValue::number(number).map_err(wrong)?;
            Wire::Number(number)
        }
        Value::Null | Value::Array(_) | Value::Object(_) => {
            return Err(FieldError::new(
                field(),
                "invalid_format",
                "is a string, a number or a boolean",
            ));
        }
    };
    Ok(v1::AttributeValue { value: Some(wire) })
}
