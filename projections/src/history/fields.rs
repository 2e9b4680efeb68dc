//! What people call the things that events change, and how two states differ in them.
//!
//! The read model `audit` tells the same names from single events (`touched` beside each event in the domain), for finding events by what they
//! changed.

use domain::Reason;
use serde_json::{Map, Value, json};

use super::Change;
use super::columns::Columns;

/// Names and values, in the order to show them. What is not there has no entry.
pub(crate) type Fields = Vec<(String, Value)>;

/// What differs, in the order of the later state; then what it no longer has.
pub(crate) fn changes(before: &Fields, after: &Fields) -> Vec<Change> {
    let find = |fields: &Fields, name: &str| {
        let found = fields.iter().find(|(known, _)| known == name);
        found.map_or(Value::Null, |(_, value)| value.clone())
    };
    let of_after = after.iter().map(|(name, _)| name);
    let gone = before
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !after.iter().any(|(known, _)| known == *name));
    of_after
        .chain(gone)
        .map(|field| Change {
            field: field.clone(),
            before: find(before, field),
            after: find(after, field),
        })
        .filter(|change| change.before != change.after)
        .collect()
}

pub(super) fn of_product(mut columns: Columns) -> Fields {
    let price = match columns.get("currency").and_then(Value::as_str) {
        Some("") | None => Value::Null,
        Some(_) => money(&columns, "price_amount"),
    };
    let attributes = columns.remove("attributes");
    let mut fields = Fields::new();
    take(&mut fields, &mut columns, &["sku", "name", "description"]);
    fields.push(("price".to_owned(), price));
    take(&mut fields, &mut columns, &["category"]);
    if let Some(Value::Object(attributes)) = attributes {
        let named = attributes
            .into_iter()
            .map(|(key, value)| (format!("attributes.{key}"), value));
        fields.extend(named);
    }
    take(&mut fields, &mut columns, &["status", "deleted_at"]);
    fields
}

pub(super) fn of_search_settings(mut columns: Columns) -> Fields {
    let mut settings = columns.remove("settings").unwrap_or_default();
    ["synonyms", "stop_words", "rules"]
        .map(|name| {
            let list = settings.get_mut(name).map(Value::take);
            (name.to_owned(), list.unwrap_or_else(|| json!([])))
        })
        .into()
}

pub(super) fn of_stock(mut columns: Columns) -> Fields {
    let number = |name: &str| columns.get(name).and_then(Value::as_i64).unwrap_or_default();
    let available = number("on_hand").saturating_sub(number("reserved"));
    let mut fields = Fields::new();
    take(&mut fields, &mut columns, &["on_hand", "reserved"]);
    fields.push(("available".to_owned(), available.into()));
    fields
}

pub(super) fn of_order(mut columns: Columns) -> Fields {
    let (total, credited) = (money(&columns, "total"), money(&columns, "credited"));
    let mut fields = Fields::new();
    take(
        &mut fields,
        &mut columns,
        &[
            "number",
            "status",
            "customer_id",
            "customer_reference",
            "country",
            "currency",
            "lines",
        ],
    );
    fields.push(("total".to_owned(), total));
    fields.push(("credited".to_owned(), credited));
    take(
        &mut fields,
        &mut columns,
        &["placed_at", "cancelled_at", "cancel_reason", "source", "external_id"],
    );
    fields
}

/// An order that was given up before it was placed has no row.
pub(super) fn of_abandoned_order(reason: &Reason) -> Fields {
    vec![
        ("status".to_owned(), "expired".into()),
        ("cancel_reason".to_owned(), reason.as_str().into()),
    ]
}

pub(super) fn of_user(mut columns: Columns) -> Fields {
    let mut fields = Fields::new();
    take(&mut fields, &mut columns, &["email", "name", "role"]);
    fields
}

/// Facts under their own names, except that the thing's own id is none of them.
pub(super) fn of_facts(mut facts: Map<String, Value>) -> Fields {
    facts.remove("credit_id");
    if facts.get("total").is_some_and(Value::is_i64) {
        let total = money(&facts, "total");
        facts.insert("total".to_owned(), total);
    }
    facts.into_iter().collect()
}

fn take(fields: &mut Fields, columns: &mut Columns, names: &[&str]) {
    for name in names {
        match columns.remove(*name) {
            None | Some(Value::Null) => {}
            Some(value) => fields.push(((*name).to_owned(), value)),
        }
    }
}

fn money(columns: &Columns, amount: &str) -> Value {
    json!({"amount": columns.get(amount), "currency": columns.get("currency")})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_changed_or_gone_is_told_and_nothing_else() {
        let fields = |pairs: &[(&str, Value)]| -> Fields {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect()
        };
        let before = fields(&[("same", json!(1)), ("changed", json!("a")), ("gone", json!(true))]);
        let after = fields(&[
            ("new", json!({"amount": 1})),
            ("same", json!(1)),
            ("changed", json!("b")),
        ]);
        let found: Vec<_> = changes(&before, &after)
            .into_iter()
            .map(|change| (change.field, change.before, change.after))
            .collect();
        assert_eq!(
            found,
            [
                ("new".to_owned(), Value::Null, json!({"amount": 1})),
                ("changed".to_owned(), json!("a"), json!("b")),
                ("gone".to_owned(), json!(true), Value::Null),
            ]
        );
        assert_eq!(changes(&after, &after), []);
    }
}
