//! Sparse fieldsets: `fields=id,price.amount`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::schema::Node;

/// Paths of one request at most.
const MOST: usize = 100;
/// Longest path, in steps.
const DEEPEST: usize = 32;

/// The members that a client wants.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Selection(BTreeMap<String, Choice>);

#[derive(Debug, PartialEq)]
enum Choice {
    Whole,
    Parts(Selection),
}

impl Selection {
    /// Reads paths, separated by commas.
    ///
    /// # Errors
    /// What is wrong with them, naming the first path that is.
    pub(crate) fn parse(text: &str, members: &Node, name: &str) -> Result<Self, String> {
        let mut selection = Self::default();
        let paths: Vec<_> = text.split(',').map(str::trim).collect();
        if paths.len() > MOST {
            return Err(format!("at most {MOST} fields can be chosen"));
        }
        for path in paths {
            let is_short = path.split('.').count() <= DEEPEST;
            let added = is_short.then(|| selection.add(path, members)).flatten();
            added.ok_or_else(|| {
                let known = match members {
                    Node::Object(known) => known.keys().cloned().collect::<Vec<_>>().join(", "),
                    Node::Leaf | Node::Map | Node::Any => String::new(),
                };
                let path: String = path.chars().take(80).collect();
                format!("`{path}` is not a field of {name}; there are {known}, and theirs after a dot")
            })?;
        }
        Ok(selection)
    }

    fn add(&mut self, path: &str, members: &Node) -> Option<()> {
        let (first, after) = match path.split_once('.') {
            Some((first, after)) => (first, Some(after)),
            None => (path, None),
        };
        let (name, rest, below) = match members {
            // A name may have dots.
            Node::Map if !path.is_empty() => (path, None, &Node::Leaf),
            Node::Any if !first.is_empty() => (first, after, members),
            Node::Leaf | Node::Map | Node::Any => return None,
            Node::Object(known) => (first, after, known.get(first)?),
        };
        let Some(rest) = rest else {
            self.0.insert(name.to_owned(), Choice::Whole);
            return Some(());
        };
        let choice = self
            .0
            .entry(name.to_owned())
            .or_insert_with(|| Choice::Parts(Self::default()));
        match choice {
            Choice::Parts(parts) => parts.add(rest, below),
            // The whole is wanted anyhow; the part must be right all the same.
            Choice::Whole => Self::default().add(rest, below),
        }
    }

    /// Drops what is not wanted.
    pub(crate) fn apply(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.apply(item)),
            Value::Object(members) => {
                members.retain(|name, _| self.0.contains_key(name));
                for (name, value) in members {
                    if let Some(Choice::Parts(parts)) = self.0.get(name) {
                        parts.apply(value);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn members() -> Node {
        let object = |members: &[(&str, Node)]| {
            Node::Object(
                members
                    .iter()
                    .map(|(name, node)| ((*name).to_owned(), node.clone()))
                    .collect(),
            )
        };
        let money = object(&[("amount", Node::Leaf), ("currency", Node::Leaf)]);
        let line = object(&[("sku", Node::Leaf), ("price", money.clone())]);
        object(&[
            ("id", Node::Leaf),
            ("total", money),
            ("lines", line),
            ("attributes", Node::Map),
            ("payload", Node::Any),
        ])
    }

    fn chosen(fields: &str) -> Value {
        let mut value = json!({
            "id": "1", "total": {"amount": 5, "currency": "GBP"}, "attributes": {"a.b": 1, "c": 2},
            "payload": {"Placed": {"total": 5, "by": {"name": "Ann"}}},
            "lines": [{"sku": "A", "price": {"amount": 2, "currency": "GBP"}}, {"sku": "B", "price": null}],
        });
        Selection::parse(fields, &members(), "Order").unwrap().apply(&mut value);
        value
    }

    #[test]
    fn only_what_is_chosen_remains() {
        assert_eq!(chosen("id"), json!({"id": "1"}));
        assert_eq!(chosen("id, total.amount"), json!({"id": "1", "total": {"amount": 5}}));
        assert_eq!(chosen("lines.sku"), json!({"lines": [{"sku": "A"}, {"sku": "B"}]}));
        assert_eq!(
            chosen("lines.price.amount"),
            json!({"lines": [{"price": {"amount": 2}}, {"price": null}]})
        );
        assert_eq!(chosen("attributes.a.b"), json!({"attributes": {"a.b": 1}}));
        assert_eq!(
            chosen("payload.Placed.by.name,payload.Paid.total"),
            json!({"payload": {"Placed": {"by": {"name": "Ann"}}}})
        );
        let whole = json!({"total": {"amount": 5, "currency": "GBP"}});
        assert_eq!(chosen("total,total.amount"), whole);
        assert_eq!(chosen("total.amount,total"), whole);
    }

    #[test]
    fn a_field_that_is_none_is_named() {
        for wrong in [
            "colour",
            "id.x",
            "total.vat",
            "lines.price.vat",
            "",
            "id,",
            ".",
            "total.",
            ".id",
            "total,total.vat",
            "attributes.",
            "payload.",
            "payload..x",
            "ID",
        ] {
            let error = Selection::parse(wrong, &members(), "Order").unwrap_err();
            assert!(
                error.contains("is not a field of Order; there are attributes, id, lines, payload, total"),
                "{error}"
            );
        }
        assert!(Selection::parse(&"id,".repeat(101), &members(), "Order").is_err());
        assert!(Selection::parse(&format!("payload{}", ".x".repeat(32)), &members(), "Order").is_err());
    }
}
