//! What a client may ask of each address, read off the description of the API: so that every member that is described can be chosen,
//! and no handler keeps a list of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use http::Method;
use serde_json::Value;

use crate::endpoint::{Amount, Effect, Endpoint, Table};

/// Deeper than any answer: a schema that contains itself ends here.
const DEEPEST: usize = 12;

/// The members of an answer, or of a part of it. Arrays are looked through.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// Has no members.
    Leaf,
    Object(BTreeMap<String, Node>),
    /// Members of any name.
    Map,
    /// Any JSON.
    Any,
}

/// What is at an address.
#[derive(Debug)]
pub(crate) struct Resource {
    /// Name of its schema, for a list that of an item.
    pub(crate) name: String,
    pub(crate) members: Node,
}

/// All guarded addresses that answer with JSON, by the pattern of their route.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    resources: HashMap<String, Resource>,
    offers: HashMap<String, Vec<(Method, Vec<String>)>>,
    document: Value,
}

impl Schema {
    /// From an OpenAPI document.
    pub(crate) fn of(document: Value, endpoints: &Table) -> Self {
        let (mut resources, mut offers) = (HashMap::new(), HashMap::<_, Vec<_>>::new());
        for (method, path, endpoint) in endpoints.guarded() {
            let operation = &document["paths"][path][method.as_str().to_lowercase()];
            let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            if endpoint.effect == Effect::Read && schema.is_object() {
                resources.insert(path.to_owned(), resource(schema, endpoint.amount, &document));
            }
            let of_path = offers.entry(path.to_owned()).or_default();
            of_path.push((method.clone(), media_types(operation)));
        }
        Self {
            resources,
            offers,
            document,
        }
    }

    pub(crate) fn resource(&self, path: &str) -> Option<&Resource> {
        self.resources.get(path)
    }

    /// The media types that an address answers with when all is well; none: without a body, or it is not known.
    pub(crate) fn offers(&self, path: &str, method: &Method) -> &[String] {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let mut operations = self.offers.get(path).into_iter().flatten();
        let offers = operations.find(|(known, _)| known == method);
        offers.map(|(_, offers)| offers.as_slice()).unwrap_or_default()
    }

    /// All of them, with the endpoints that read them.
    pub(crate) fn resources<'s>(
        &'s self,
        endpoints: &'s Table,
    ) -> impl Iterator<Item = (&'s str, &'s Endpoint, &'s Resource)> {
        let reads = endpoints
            .guarded()
            .filter(|(_, _, endpoint)| endpoint.effect == Effect::Read);
        reads.filter_map(|(_, path, endpoint)| Some((path, endpoint, self.resource(path)?)))
    }

    /// The members of a schema, by its name.
    pub(crate) fn named(&self, name: &str) -> Node {
        node(&self.document["components"]["schemas"][name], &self.document, 0)
    }
}

fn media_types(operation: &Value) -> Vec<String> {
    let responses = operation["responses"].as_object().into_iter().flatten();
    let contents = responses.filter(|(status, _)| status.starts_with('2'));
    let types: BTreeSet<_> = contents
        .flat_map(|(_, response)| response["content"].as_object().into_iter().flatten())
        .map(|(kind, _)| kind.clone())
        .collect();
    types.into_iter().collect()
}

fn resource(schema: &Value, amount: Amount, document: &Value) -> Resource {
    let (name, whole) = resolve(schema, document);
    let items = property(whole, "items", document).filter(|_| amount != Amount::One);
    let (name, schema) = items.map_or((name, whole), |items| named(&items["items"], document));
    Resource {
        name: name.to_owned(),
        members: node(schema, document, 0),
    }
}

/// A member of a schema, or of those that it puts together.
fn property<'d>(schema: &'d Value, name: &str, document: &'d Value) -> Option<&'d Value> {
    let own = schema["properties"].get(name);
    own.or_else(|| parts(schema, "allOf").find_map(|part| property(resolve(part, document).1, name, document)))
}

fn parts<'d>(schema: &'d Value, word: &str) -> impl Iterator<Item = &'d Value> {
    schema[word].as_array().into_iter().flatten()
}

/// The schema of an item, and its name. In a page it is not referred to but written out; one that adds members to another has the
/// other's name.
fn named<'d>(item: &'d Value, document: &'d Value) -> (&'d str, &'d Value) {
    let (name, schema) = resolve(item, document);
    let schemas = document["components"]["schemas"].as_object();
    let found = schemas.and_then(|schemas| schemas.iter().find(|(_, known)| *known == schema));
    let name = found.map_or(name, |(name, _)| name.as_str());
    match parts(schema, "allOf").next() {
        Some(base) if name.is_empty() => (resolve(base, document).0, schema),
        _ => (name, schema),
    }
}

/// Follows a reference.
fn resolve<'d>(schema: &'d Value, document: &'d Value) -> (&'d str, &'d Value) {
    match schema["$ref"]
        .as_str()
        .and_then(|reference| reference.rsplit('/').next())
    {
        Some(name) => (name, &document["components"]["schemas"][name]),
        None => ("", schema),
    }
}

fn node(schema: &Value, document: &Value, depth: usize) -> Node {
    if depth == DEEPEST {
        return Node::Leaf;
    }
    let (_, schema) = resolve(schema, document);
    if schema["items"].is_object() {
        return node(&schema["items"], document, depth + 1);
    }
    let mut members = BTreeMap::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        members.insert(name.clone(), node(member, document, depth + 1));
    }
    // Several schemas together, or one or the other, of which one may be null.
    for part in ["allOf", "oneOf", "anyOf"].iter().flat_map(|word| parts(schema, word)) {
        match node(part, document, depth + 1) {
            Node::Object(others) => members.extend(others),
            other @ (Node::Map | Node::Any) => return other,
            Node::Leaf => (),
        }
    }
    if !members.is_empty() {
        Node::Object(members)
    } else if schema["additionalProperties"].is_object() {
        Node::Map
    } else if is_open(schema) {
        Node::Any
    } else {
        Node::Leaf
    }
}

/// Whether a schema says nothing of what it describes.
fn is_open(schema: &Value) -> bool {
    let says = |word: &str| ["type", "enum", "const", "allOf", "oneOf", "anyOf"].contains(&word);
    schema
        .as_object()
        .is_some_and(|words| !words.keys().any(|word| says(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::all;

    fn schema() -> Schema {
        Schema::of(document(), &Table::of(&all()))
    }

    fn document() -> Value {
        serde_json::to_value(crate::openapi::openapi()).unwrap()
    }

    #[test]
    fn lists_are_described_as_such_and_nothing_else_is() {
        let document = document();
        let table = Table::of(&all());
        for (path, endpoint, _) in schema().resources(&table) {
            let schema = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
            let (_, schema) = resolve(schema, &document);
            let has = |name| property(schema, name, &document).is_some();
            assert_eq!(
                has("items") && has("next_cursor"),
                endpoint.amount != Amount::One,
                "{path}"
            );
        }
    }

    #[test]
    fn lists_and_single_things_are_told_apart() {
        let schema = schema();
        let orders = schema.resource("/v1/orders").unwrap();
        let order = schema.resource("/v1/orders/{id}").unwrap();
        assert_eq!(orders.name, "Order");
        assert_eq!(order.name, "Order");
        assert_eq!(orders.members, order.members);
        // A page of products has facets beside its items, and the items say where they have the words.
        let products = schema.resource("/v1/products").unwrap();
        assert_eq!(products.name, "Product");
        let Node::Object(product) = &products.members else {
            panic!("a product has members");
        };
        assert!(product.contains_key("sku") && product.contains_key("highlight"));
        assert!(schema.resource("/healthz").is_none());
    }

    #[test]
    fn members_are_found_through_references_arrays_and_maps() {
        let Node::Object(order) = schema().named("Order") else {
            panic!()
        };
        let Node::Object(line) = &order["lines"] else { panic!() };
        let Node::Object(price) = &line["unit_price"] else {
            panic!()
        };
        assert_eq!(price["amount"], Node::Leaf);
        assert_eq!(order["number"], Node::Leaf);
        let Node::Object(product) = schema().named("Product") else {
            panic!()
        };
        assert_eq!(product["attributes"], Node::Map);
        let Node::Object(event) = schema().named("Event") else {
            panic!()
        };
        assert_eq!(event["payload"], Node::Any);
    }
}
