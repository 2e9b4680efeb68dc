//! Over REST the same is needed as over gRPC.

use http::HeaderMap;
use proto::access::{CallClass, METHODS, Permission};

use crate::{admission::Class, endpoint::Described, routes};

/// Operations whose method has another name.
const METHOD_OF: [(&str, &str); 12] = [
    ("log_in", "Authenticate"),
    ("list_sales_orders", "SalesOrders"),
    ("read_file", "ReadExport"),
    ("read_search_rule", "ListSearchRules"),
    ("read_stream", "ReadStream"),
    ("replace_search_settings", "ChangeSearchSettings"),
    ("report_sales", "Sales"),
    ("suggest_products", "SearchProducts"),
    ("trace_request", "Trace"),
    ("update_search_settings", "ChangeSearchSettings"),
    ("read_seal", "GetSeal"),
    // One's own user, and no other: less is needed.
    ("read_me", ""),
];

/// `PlaceOrder` of `place_order`, `GetOrder` of `read_order`.
fn method(operation: &str) -> String {
    if let Some((_, method)) = METHOD_OF.iter().find(|(known, _)| *known == operation) {
        return (*method).to_owned();
    }
    let operation = operation.replacen("read_", "get_", 1);
    let words = operation.split('_');
    words.map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

#[test]
fn an_operation_needs_the_permission_of_its_method_and_is_the_same_kind_of_work() {
    for Described {
        endpoint,
        path,
        documentation,
        ..
    } in routes::all()
    {
        let Some(class) = endpoint.class(&HeaderMap::new()) else {
            continue;
        };
        let item = serde_json::to_value(documentation.unwrap().item).unwrap();
        let operation = item.as_object().unwrap().values().next().unwrap();
        let name = method(operation["operationId"].as_str().unwrap());
        if name.is_empty() {
            continue;
        }
        let found = METHODS
            .iter()
            .find(|method| method.path.rsplit('/').next() == Some(&name));
        let found = found.unwrap_or_else(|| panic!("{path}: there is no method {name}"));
        let class = match class {
            Class::Login => CallClass::Login,
            Class::Write => CallClass::Write,
            Class::Read => CallClass::Read,
            Class::Report => CallClass::Report,
            Class::Operation => CallClass::Operation,
            Class::Waiting | Class::Body | Class::LongBody => panic!("{path}: no endpoint has it"),
        };
        let permission = endpoint.permission.unwrap_or(Permission::Unspecified);
        assert_eq!((permission, class), (found.permission, found.class), "{path}: {name}");
    }
}
