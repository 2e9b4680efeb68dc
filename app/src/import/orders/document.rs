//! An order as one JSON document.

use domain::{Currency, ExternalId};
use proto::v1::{ImportOrderLine, ImportOrderRow};
use serde_json::{Map, Value};

use super::super::error::FieldError;
use super::super::json::{self, Object};
use super::{HeadDraft, LineDraft};

/// Reads a JSON document.
pub(crate) fn from_json(document: Map<String, Value>) -> Result<ImportOrderRow, FieldError> {
    let mut object = Object::new(document);
    let head = HeadDraft {
        external_id: object.text("external_id")?,
        kind: object.text("type")?,
        occurred_at: object.text("occurred_at")?,
        currency: object.text("currency")?,
        country: object.text("country")?,
        customer_reference: object.text("customer_reference")?,
    };
    let (mut row, currency) = head.check()?;
    let lines = match object.take("lines") {
        Some(Value::Array(lines)) if !lines.is_empty() => lines,
        Some(Value::Array(_)) | None => {
            return Err(FieldError::new("lines", "required", "an order has at least one line"));
        }
        Some(_) => {
            return Err(FieldError::new("lines", "invalid_format", "is an array of lines"));
        }
    };
    object.finish()?;
    for (index, value) in lines.into_iter().enumerate() {
        let line = match value {
            Value::Object(map) => line(Object::new(map), row.credit, currency),
            _ => Err(FieldError::new("", "invalid_format", "is an object")),
        };
        let line = line.map_err(|error| {
            let dot = if error.field.is_empty() { "" } else { "." };
            error.below(&format!("lines[{index}]{dot}"))
        })?;
        row.lines.push(line);
    }
    Ok(row)
}

/// The external id of a document that is wrong elsewhere, for the list of rejected rows.
pub(crate) fn key_of(document: &Map<String, Value>) -> String {
    document
        .get("external_id")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .chars()
        .take(ExternalId::MAX_CHARS)
        .collect()
}

fn line(mut object: Object, credit: bool, currency: Currency) -> Result<ImportOrderLine, FieldError> {
    let required = |name: &'static str| FieldError::new(name, "required", "must not be empty");
    let draft = LineDraft {
        kind: object.text("kind")?,
        sku: object.text("sku")?,
        name: object.text("name")?,
        quantity: object.integer("quantity")?.ok_or_else(|| required("quantity"))?,
        unit_price: amount(&mut object, "unit_price", currency)?.ok_or_else(|| required("unit_price"))?,
        total: amount(&mut object, "total", currency)?,
        discount: amount(&mut object, "discount", currency)?.unwrap_or_default(),
        tax: amount(&mut object, "tax", currency)?.unwrap_or_default(),
        credits_external_id: object.text("credits_external_id")?,
    };
    object.finish()?;
    draft.check(credit)
}

/// Minor units, bare or as money in the order's currency.
fn amount(object: &mut Object, name: &'static str, currency: Currency) -> Result<Option<i64>, FieldError> {
    match object.take(name) {
        None => Ok(None),
        Some(Value::Number(number)) => json::integer(name, &number).map(Some),
        Some(Value::Object(map)) => {
            let (amount, of) = json::money(name, Some(Object::new(map)))?;
            if of != currency {
                return Err(FieldError::new(
                    format!("{name}.currency"),
                    "differs",
                    format!("the order is in {currency}"),
                ));
            }
            Ok(Some(amount))
        }
        Some(_) => Err(FieldError::new(
            name,
            "invalid_format",
            "is a whole number of minor units, or {\"amount\": 1250, \"currency\": \"GBP\"}",
        )),
    }
}
