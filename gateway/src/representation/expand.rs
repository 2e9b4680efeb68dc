//! Related things in the place of their ids: `expand=customer,lines.product`.

use std::collections::{BTreeSet, HashMap};

use proto::v1;
use serde_json::Value;

use super::schema::Node;
use crate::{
    auth::{me::UserView, token::Principal},
    call::{CALL, ask, timed},
    edge::Edge,
    problem::Problem,
    products::view::ProductView,
};

/// Ids of one call at most.
const BATCH: usize = 500;
/// Different things that one request may expand.
const MOST: usize = 5_000;

/// Something that can be expanded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expansion {
    /// Name of the schema that it belongs to.
    resource: &'static str,
    /// Where the thing is put, as clients name it.
    pub(crate) name: &'static str,
    /// The member beside it that holds the id. Ids in a list give way to the things.
    id: &'static str,
    pub(crate) target: Target,
}

/// What a related thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Product,
    User,
}

const EXPANSIONS: &[Expansion] = &[
    Expansion {
        resource: "Order",
        name: "customer",
        id: "customer_id",
        target: Target::User,
    },
    Expansion {
        resource: "Order",
        name: "lines.product",
        id: "product_id",
        target: Target::Product,
    },
    Expansion {
        resource: "Event",
        name: "metadata.user",
        id: "actor",
        target: Target::User,
    },
    Expansion {
        resource: "AuditEntry",
        name: "metadata.user",
        id: "actor",
        target: Target::User,
    },
    Expansion {
        resource: "ParkedEvent",
        name: "skip.user",
        id: "actor",
        target: Target::User,
    },
    Expansion {
        resource: "SearchRule",
        name: "pinned",
        id: "pinned",
        target: Target::Product,
    },
    Expansion {
        resource: "SearchRule",
        name: "hidden",
        id: "hidden",
        target: Target::Product,
    },
    Expansion {
        resource: "Export",
        name: "creator",
        id: "created_by",
        target: Target::User,
    },
    Expansion {
        resource: "Stock",
        name: "product",
        id: "product_id",
        target: Target::Product,
    },
    Expansion {
        resource: "StockItem",
        name: "product",
        id: "product_id",
        target: Target::Product,
    },
];

/// What can be expanded in things of a schema.
pub(crate) fn of(resource: &str) -> impl Iterator<Item = &'static Expansion> {
    EXPANSIONS
        .iter()
        .filter(move |expansion| expansion.resource == resource)
}

/// Reads names, separated by commas.
///
/// # Errors
/// What is wrong with them, naming the first that is.
pub(crate) fn parse(text: &str, resource: &str) -> Result<Vec<&'static Expansion>, String> {
    let mut expansions = Vec::new();
    for name in text.split(',').map(str::trim) {
        let Some(expansion) = of(resource).find(|expansion| expansion.name == name) else {
            let known: Vec<_> = of(resource).map(|expansion| expansion.name).collect();
            let known = if known.is_empty() {
                "nothing".to_owned()
            } else {
                known.join(", ")
            };
            let name: String = name.chars().take(80).collect();
            return Err(format!("`{name}` cannot be expanded here; {known} can"));
        };
        if !expansions.contains(&expansion) {
            expansions.push(expansion);
        }
    }
    Ok(expansions)
}

impl Target {
    /// The name of its schema.
    pub(crate) fn schema(self) -> &'static str {
        match self {
            Self::Product => "Product",
            Self::User => "User",
        }
    }
}

impl Expansion {
    /// Adds the members of the related thing, as `node`, to those of what it belongs to.
    pub(crate) fn describe(&self, members: &mut Node, node: Node) {
        let mut at = members;
        let (path, name) = self.name.rsplit_once('.').unwrap_or(("", self.name));
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
    pub(crate) async fn apply(
        &self,
        edge: &Edge,
        context: &v1::ReadContext,
        visitor: Option<&Principal>,
        items: &mut Value,
    ) -> Result<(), Problem> {
        let (path, name) = self.name.rsplit_once('.').unwrap_or(("", self.name));
        let mut ids = BTreeSet::new();
        visit(items, path, &mut |owner| {
            let these = owner.get(self.id).map(each).into_iter().flatten();
            ids.extend(these.filter_map(Value::as_str).map(str::to_owned));
        });
        if ids.len() > MOST {
            return Err(Problem::parameters(vec![crate::problem::FieldError::new(
                "expand",
                "too_many",
                format!("at most {MOST} different things can be expanded at once; ask for a shorter page"),
            )]));
        }
        let ids: Vec<_> = ids.into_iter().collect();
        let mut found = HashMap::new();
        for ids in ids.chunks(BATCH) {
            let things = match self.target {
                Target::Product => products(edge, context, visitor, ids).await?,
                Target::User => users(edge, context, ids).await?,
            };
            found.extend(things);
        }
        visit(items, path, &mut |owner| {
            let of = |id: &Value| id.as_str().and_then(|id| found.get(id)).cloned().unwrap_or_default();
            let thing = match owner.get(self.id) {
                Some(Value::Array(ids)) => Value::Array(ids.iter().map(of).collect()),
                id => id.map(of).unwrap_or_default(),
            };
            owner.insert(name.to_owned(), thing);
        });
        Ok(())
    }
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

type Things = Vec<(String, Value)>;

async fn products(
    edge: &Edge,
    context: &v1::ReadContext,
    visitor: Option<&Principal>,
    ids: &[String],
) -> Result<Things, Problem> {
    let request = v1::GetProductsRequest {
        context: Some(context.clone()),
        ids: ids.to_vec(),
        include_hidden: visitor.is_some_and(Principal::is_admin),
    };
    let reply = ask(CALL, edge.product_query().get_products(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let things = reply.products.into_iter();
    things
        .map(|product| Ok((product.id.clone(), json(&ProductView::from(product))?)))
        .collect()
}

async fn users(edge: &Edge, context: &v1::ReadContext, ids: &[String]) -> Result<Things, Problem> {
    let request = v1::GetUsersRequest {
        context: Some(context.clone()),
        ids: ids.to_vec(),
    };
    let reply = ask(CALL, edge.user_query().get_users(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let things = reply.users.into_iter();
    things
        .map(|user| Ok((user.id.clone(), json(&UserView::from(user))?)))
        .collect()
}

fn json(view: &impl serde::Serialize) -> Result<Value, Problem> {
    serde_json::to_value(view).map_err(|_| Problem::internal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_expanded_is_named() {
        let names = |text| parse(text, "Order").map(|all| all.iter().map(|one| one.name).collect::<Vec<_>>());
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
            parse("customer", "Product"),
            Err("`customer` cannot be expanded here; nothing can".to_owned())
        );
    }
}
