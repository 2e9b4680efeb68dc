//! An order as one JSON document.

use domain::{Currency, ExternalId, MAX_TOTAL, Money};
use proto::v1::{ImportOrderLine, ImportOrderRow};
use serde_json::{Map, Value};

use super::super::error::FieldError;
use super::super::field;
use super::super::json::{self, Object};
use super::discount::DiscountDraft;
use super::{HeadDraft, LineDraft};

/// Most discounts of a line.
const MAX_DISCOUNTS: usize = 100;

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
    super::check_sum(&row)?;
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
    let discounts = discounts(&mut object, currency)?;
    let sum = discounts
        .iter()
        .map(|discount| i128::from(discount.amount))
        .sum::<i128>();
    let discount = match amount(&mut object, "discount", currency)? {
        Some(discount) if discounts.is_empty() || i128::from(discount) == sum => discount,
        Some(_) => {
            return Err(FieldError::new("discount", "differs", "is the sum of the discounts"));
        }
        None => {
            i64::try_from(sum).map_err(|_| FieldError::new("discounts", "out_of_range", "the amounts are too large"))?
        }
    };
    let draft = LineDraft {
        kind: object.text("kind")?,
        sku: object.text("sku")?,
        name: object.text("name")?,
        quantity: object.integer("quantity")?.ok_or_else(|| required("quantity"))?,
        unit_price: amount(&mut object, "unit_price", currency)?.ok_or_else(|| required("unit_price"))?,
        total: amount(&mut object, "total", currency)?,
        discount,
        discounts,
        tax: amount(&mut object, "tax", currency)?.unwrap_or_default(),
        credits_external_id: object.text("credits_external_id")?,
    };
    object.finish()?;
    draft.check(credit)
}

/// What took something off, each with its amount.
fn discounts(object: &mut Object, currency: Currency) -> Result<Vec<DiscountDraft>, FieldError> {
    let items = match object.take("discounts") {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) if items.len() <= MAX_DISCOUNTS => items,
        Some(Value::Array(_)) => {
            return Err(FieldError::new(
                "discounts",
                "too_long",
                format!("a line has at most {MAX_DISCOUNTS} discounts"),
            ));
        }
        Some(_) => {
            return Err(FieldError::new(
                "discounts",
                "invalid_format",
                "is an array of discounts",
            ));
        }
    };
    let read = |(index, item)| {
        let prefix = format!("discounts[{index}].");
        let Value::Object(map) = item else {
            return Err(FieldError::new(
                format!("discounts[{index}]"),
                "invalid_format",
                "is an object",
            ));
        };
        let mut object = Object::new(map);
        let mut read = || {
            let taken_off = amount(&mut object, "amount", currency)?
                .ok_or_else(|| FieldError::new("amount", "required", "must not be empty"))?;
            field::in_range("amount", taken_off, 1, MAX_TOTAL)?;
            Ok((
                taken_off,
                object.text("kind")?,
                object.text("code")?,
                object.text("campaign")?,
            ))
        };
        let (amount, kind, code, campaign) = read().map_err(|error: FieldError| error.below(&prefix))?;
        object.finish().map_err(|error| error.below(&prefix))?;
        Ok(DiscountDraft {
            amount,
            kind,
            code,
            campaign,
            prefix,
        })
    };
    items.into_iter().enumerate().map(read).collect()
}

/// Minor units, bare or as money in the order's currency.
fn amount(object: &mut Object, name: &'static str, currency: Currency) -> Result<Option<i64>, FieldError> {
    match object.take(name) {
        None => Ok(None),
        Some(Value::Number(number)) => json::integer(name, &number).map(Some),
        Some(Value::Object(map)) => {
            let Money { amount, currency: of } = json::money(name, Object::new(map))?;
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
