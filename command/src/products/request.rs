//! Reading the parts that several product requests share.

use std::collections::HashMap;

use domain::{
    AttributeKey, AttributeValue, Attributes, Currency, MAX_ATTRIBUTES, Money, Price, price_amount,
    product::{ProductCommand, ProductStatus},
};
use proto::v1;

use crate::fields::Fields;

pub(super) fn price(fields: &mut Fields, money: Option<v1::Money>) -> Option<Price> {
    let money = fields.require("price", money, "a price")?;
    let currency = fields.check("price.currency", Currency::new(&money.currency));
    let amount = fields.check("price.amount", price_amount(money.amount));
    fields.check("price.amount", Price::new(Money::new(amount?, currency?)))
}

pub(super) fn attributes(
    fields: &mut Fields,
    field: &str,
    attributes: HashMap<String, v1::AttributeValue>,
) -> Attributes {
    if attributes.len() > MAX_ATTRIBUTES {
        fields.add(
            field,
            "too_many",
            format!("a product has at most {MAX_ATTRIBUTES} attributes"),
        );
    }
    let mut read = Attributes::new();
    for (key, value) in attributes {
        let path = format!("{field}.{key}");
        let key = fields.check(path.as_str(), AttributeKey::new(&key));
        let value = match value.value {
            Some(v1::attribute_value::Value::Text(text)) => fields.check(path, AttributeValue::text(text)),
            Some(v1::attribute_value::Value::Number(number)) => fields.check(path, AttributeValue::number(number)),
            Some(v1::attribute_value::Value::Integer(integer)) => Some(AttributeValue::integer(integer)),
            Some(v1::attribute_value::Value::Boolean(boolean)) => Some(AttributeValue::boolean(boolean)),
            None => fields.require(&path, None, "a value"),
        };
        if let (Some(key), Some(value)) = (key, value)
            && let Some(_) = read.insert(key.clone(), value)
        {
            // Two spellings of one key; which of them was meant nobody knows.
            fields.add(format!("{field}.{key}"), "duplicate", "the attribute is given twice");
        }
    }
    read
}

/// The status; `None` when it is not said or not known, the latter noted.
pub(super) fn status(fields: &mut Fields, status: i32) -> Option<ProductStatus> {
    match v1::ProductStatus::try_from(status) {
        Ok(v1::ProductStatus::Unspecified) => None,
        Ok(v1::ProductStatus::Draft) => Some(ProductStatus::Draft),
        Ok(v1::ProductStatus::Active) => Some(ProductStatus::Active),
        Ok(v1::ProductStatus::Archived) => Some(ProductStatus::Archived),
        Err(_) => {
            fields.add("status", "unknown", "a status is draft, active or archived");
            None
        }
    }
}

/// The command that brings a product there; that it is a draft is no matter of a command.
pub(super) fn status_command(status: Option<ProductStatus>) -> Option<ProductCommand> {
    match status? {
        ProductStatus::Active => Some(ProductCommand::Publish),
        ProductStatus::Archived => Some(ProductCommand::Archive),
        ProductStatus::Draft => None,
    }
}
