//! Related things in the place of their ids: `expand=customer,lines.product`.

use std::collections::{BTreeSet, HashMap};

use proto::v1;
use serde_json::Value;

use super::schema::Node;
use crate::{
    app_state::AppState,
    expansion::Expansion,
    identity::token::Principal,
    problem::{FieldError, Problem},
};

/// Ids of one call at most.
const BATCH: usize = 500;
/// Different things that one request may expand.
const MOST: usize = 5_000;

/// Reads names, separated by commas.
///
/// # Errors
/// What is wrong with them, naming the first that is.
pub(super) fn parse(text: &str, all: &'static [Expansion]) -> Result<Vec<&'static Expansion>, String> {
    let mut expansions = Vec::new();
    for name in text.split(',').map(str::trim) {
        let Some(expansion) = all.iter().find(|expansion| expansion.name == name) else {
            let known: Vec<_> = all.iter().map(|expansion| expansion.name).collect();
            let known = if known.is_empty() {
                "nothing".to_owned()
            } else {
                known.join(", ")
            };
            let name: String = name.chars().take(80).collect();
            return Err(format!("`{name}` cannot be expanded here; {known} can"));
        };
        if !expansions.iter().any(|known: &&Expansion| known.name == name) {
            expansions.push(expansion);
        }
    }
    Ok(expansions)
}

/// Adds the members of the related thing, as `node`, to those of what it belongs to.
pub(super) fn describe(expansion: &Expansion, members: &mut Node, node: Node) {
    let mut at = members;
    let (path, name) = expansion.name.rsplit_once('.').unwrap_or(("", expansion.name));
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let Node::Object(known) = at else { return };
        let Some(next) = known.get_mut(step) else { return };
        at = next;
    }
    if let Node::Object(known) = at {
        known.insert(name.to_owned(), node);
    }
}

/// Puts the related things into `items`; null where there is none that the visitor may see.
pub(super) async fn apply(
    expansion: &Expansion,
    app: &AppState,
    context: &v1::ReadContext,
    visitor: Option<&Principal>,
    items: &mut Value,
) -> Result<(), Problem> {
    let (path, name) = expansion.name.rsplit_once('.').unwrap_or(("", expansion.name));
    let mut ids = BTreeSet::new();
    visit(items, path, &mut |owner| {
        let these = owner.get(expansion.id).map(each).into_iter().flatten();
        ids.extend(these.filter_map(Value::as_str).map(str::to_owned));
    });
    if ids.len() > MOST {
        return Err(Problem::parameters(vec![FieldError::new(
            "expand",
            "too_many",
            format!("at most {MOST} different things can be expanded at once; ask for a shorter page"),
        )]));
    }
    let ids: Vec<_> = ids.into_iter().collect();
    let mut found = HashMap::new();
    for ids in ids.chunks(BATCH) {
        found.extend((expansion.target.read)(app, context, visitor, ids).await?);
    }
    visit(items, path, &mut |owner| {
        let of = |id: &Value| id.as_str().and_then(|id| found.get(id)).cloned().unwrap_or_default();
        let thing = match owner.get(expansion.id) {
            Some(Value::Array(ids)) => Value::Array(ids.iter().map(of).collect()),
            id => id.map(of).unwrap_or_default(),
        };
        owner.insert(name.to_owned(), thing);
    });
    Ok(())
}

/// The items of a list; what is none is its own only one.
fn each(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

/// Calls `visitor` with every object at a path.
fn visit(value: &mut Value, path: &str, visitor: &mut impl FnMut(&mut serde_json::Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, path, visitor)),
        Value::Object(members) if path.is_empty() => visitor(members),
        Value::Object(members) => {
            let (step, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Some(below) = members.get_mut(step) {
                visit(below, rest, visitor);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_expanded_is_named() {
        let names = |text| {
            parse(text, crate::orders::view::EXPANSIONS).map(|all| all.iter().map(|one| one.name).collect::<Vec<_>>())
        };
        assert_eq!(
            names("lines.product, customer,customer"),
            Ok(vec!["lines.product", "customer"])
        );
        for wrong in ["lines", "product", "", "customer,", "customer.name", "lines.product.x"] {
            assert!(
                names(wrong)
                    .unwrap_err()
                    .ends_with("cannot be expanded here; customer, lines.product can"),
                "{wrong}"
            );
        }
        assert_eq!(
            parse("customer", &[]).map(|all| all.len()),
            Err("`customer` cannot be expanded here; nothing can".to_owned())
        );
    }
}
