//! What of an operation follows from what its endpoint says of itself.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;
use utoipa::{
    IntoParams,
    openapi::{
        Content, HeaderBuilder, PathItem, Ref, RefOr, Required, Response, Type,
        extensions::Extensions,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::Object,
        security::SecurityRequirement,
    },
};

use super::{Amount, Effect, Endpoint};
use crate::{as_of::AsOfParam, problem::PROBLEM_JSON};

/// Headers of an answer that say how to keep it, for the description.
const HEADERS: [(&str, &str); 2] = [
    ("ETag", "Validator of this representation, for `If-None-Match`."),
    (
        "Cache-Control",
        "`private, no-cache`: keep it, and ask each time whether it is still good.",
    ),
];

/// Adds what follows from what the endpoint at `path` says of itself: statuses, parameters, headers, who may ask.
pub(super) fn complete(operation: &mut Operation, endpoint: &Endpoint, path: &str) {
    if endpoint.permission.is_some() {
        let bearer = SecurityRequirement::new("bearer", Vec::<String>::new());
        let nobody = endpoint.is_public().then(SecurityRequirement::default);
        operation.security = Some(nobody.into_iter().chain([bearer]).collect());
    }
    if endpoint.looks_back {
        let as_of = AsOfParam::into_params(|| Some(ParameterIn::Query))
            .into_iter()
            .map(RefOr::T);
        operation.parameters.get_or_insert_default().extend(as_of);
    }
    let declared: Vec<String> = operation.responses.responses.keys().cloned().collect();
    for status in declared.iter().filter(|status| status.starts_with(['4', '5'])) {
        // Said by the handler itself, which leaves its shape to this place.
        refusal(operation, status, "");
    }
    if endpoint.is_guarded() {
        describe_refusals(operation, endpoint, path.contains('{'));
        describe_parameters(operation.parameters.get_or_insert_default(), endpoint);
        describe_headers(operation, endpoint);
    }
    let permission = endpoint
        .permission
        .map(|permission| ("x-permission", permission.to_string()));
    operation.extensions = permission.map(|permission| Extensions::from_iter([permission]));
    let empty = operation.responses.responses.contains_key("204");
    let codes = endpoint.codes().filter(|code| !(empty && *code == "not_acceptable"));
    let codes: BTreeSet<_> = codes.collect();
    operation.responses.extensions = Some(Extensions::from_iter([(
        "x-error-codes",
        codes.into_iter().collect::<Value>(),
    )]));
}

fn refusal(operation: &mut Operation, status: &str, description: &str) {
    let response = operation.responses.responses.entry(status.to_owned());
    let response = response.or_insert_with(|| Response::new(description).into());
    if let RefOr::T(response) = response
        && response.content.is_empty()
    {
        let problem = Content::new(Some(Ref::from_schema_name("Problem")));
        response.content.insert(PROBLEM_JSON.to_owned(), problem.into());
    }
}

/// Every guarded operation may be refused; many for the same reasons.
fn describe_refusals(operation: &mut Operation, endpoint: &Endpoint, names_one: bool) {
    let writes = endpoint.effect == Effect::Write;
    let knows_caller = endpoint.permission.is_some();
    let values = if writes {
        "Values are wrong (`errors` lists them), or the idempotency key belongs to another request"
    } else {
        "Values are wrong; `errors` lists them"
    };
    // A body that is not asked for is read and judged all the same.
    let sending = operation.request_body.is_some() || writes;
    let answers = !operation.responses.responses.contains_key("204");
    for (applies, status, description) in [
        (true, "400", "A parameter, a header or the JSON cannot be understood"),
        (knows_caller, "401", "No access token, or one that is no good"),
        (
            endpoint.codes().any(|code| code == "forbidden"),
            "403",
            "The caller may not do this",
        ),
        (names_one || writes, "404", "There is no such thing"),
        (answers, "406", "`Accept` takes nothing of what is answered here"),
        (sending, "408", "The body did not arrive in time"),
        (writes, "409", "The request contradicts the present state"),
        (
            writes && endpoint.is_versioned,
            "412",
            "`If-Match` names another version than the present one",
        ),
        (sending, "413", "The body is longer than a mebibyte"),
        (
            sending,
            "415",
            "The body is of another media type, in another character set than UTF-8, or compressed",
        ),
        (sending, "422", values),
        (true, "431", "The headers are longer than 32 KiB together"),
        (
            true,
            "429",
            "Too many requests; `Retry-After` says when the next one is allowed",
        ),
        (true, "500", "A fault of the system"),
        (
            true,
            "503",
            "Busy, or a part does not answer; `Retry-After` says when to try again",
        ),
        (true, "504", "No answer in time"),
    ] {
        if applies {
            refusal(operation, status, description);
        }
    }
}

fn describe_parameters(parameters: &mut Vec<RefOr<Parameter>>, endpoint: &Endpoint) {
    let is_page = endpoint.amount == Amount::Page;
    let writes = endpoint.effect == Effect::Write;
    for (applies, name, place, description) in [
        (
            is_page,
            "limit",
            ParameterIn::Query,
            "Items of a page, 1 to 200. 24, unless said otherwise.",
        ),
        (
            is_page,
            "cursor",
            ParameterIn::Query,
            "`next_cursor` or `prev_cursor` of an earlier page.",
        ),
        (
            endpoint.waits(),
            "Consistency-Token",
            ParameterIn::Header,
            "Wait until the answer can show the write that answered with this token.",
        ),
        (
            endpoint.waits(),
            "Consistency-Wait",
            ParameterIn::Header,
            "How long to wait for that, in milliseconds.",
        ),
        (
            endpoint.waits(),
            "Consistency-Stale",
            ParameterIn::Header,
            "`allow`: after the wait, an answer that does not show it is better than none.",
        ),
        (
            endpoint.is_idempotent,
            "Idempotency-Key",
            ParameterIn::Header,
            "1 to 255 visible ASCII characters. A retry with the same key and body gets the first answer again.",
        ),
        (
            writes,
            "Audit-Reason",
            ParameterIn::Header,
            "Why, in up to 500 characters: kept with the events, for the audit log.",
        ),
        (
            writes && endpoint.is_versioned,
            "If-Match",
            ParameterIn::Header,
            "The version, as the `ETag` gave it, that must be the present one; or several, or `*`.",
        ),
        (
            true,
            "X-Request-Id",
            ParameterIn::Header,
            "An id of the request, echoed; one is made when there is none.",
        ),
        (
            true,
            "X-Correlation-Id",
            ParameterIn::Header,
            "A UUID that everything caused by this request will bear.",
        ),
    ] {
        if applies {
            parameters.push(RefOr::T(parameter(name, description, place)));
        }
    }
}

fn describe_headers(operation: &mut Operation, endpoint: &Endpoint) {
    let reads = endpoint.effect == Effect::Read;
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let mut header = |name: &str, description: &str| {
            let text = Object::with_type(Type::String);
            let header = HeaderBuilder::new().schema(Some(text)).description(Some(description));
            response.headers.insert(name.to_owned(), header.build().into());
        };
        header("X-Request-Id", "Id of the request.");
        header("X-Correlation-Id", "Id of everything that the request caused.");
        header("RateLimit-Limit", "Requests that are allowed at once.");
        header("RateLimit-Remaining", "Requests that are still allowed now.");
        header("RateLimit-Reset", "Seconds until all are allowed again.");
        match status.as_str() {
            "429" | "503" => header("Retry-After", "Seconds to wait."),
            "401" => header("WWW-Authenticate", "How to authenticate."),
            "200" | "201" | "204" if endpoint.effect == Effect::Write => {
                header("ETag", "The version after the write.");
                header("Consistency-Token", "Send it with a read that must see this write.");
                header(
                    "Idempotent-Replayed",
                    "`true`: the answer to an earlier request with the same key.",
                );
                if status == "201" {
                    header("Location", "Address of the new thing.");
                }
            }
            "200" => {
                header(
                    "Consistency-Stale",
                    "`true`: the answer does not show the write of the token yet.",
                );
                if reads {
                    for (name, description) in HEADERS {
                        header(name, description);
                    }
                }
                if endpoint.looks_back {
                    header(
                        "As-Of-Position",
                        "Of an answer about the past: where in the log it ends, as `lane.position`.",
                    );
                    header(
                        "As-Of-Time",
                        "Of an answer about the past: the time that it stands for.",
                    );
                }
                if reads && endpoint.is_versioned {
                    header(
                        "ETag",
                        "Validator of this representation, for `If-None-Match`; begins with the version, for `If-Match` of a write.",
                    );
                }
                if endpoint.amount == Amount::Page {
                    header("Link", "The next and the previous page (RFC 8288).");
                }
            }
            _ => (),
        }
    }
}

fn parameter(name: &str, description: &str, place: ParameterIn) -> Parameter {
    let kind = if name == "limit" || name == "Consistency-Wait" {
        Type::Integer
    } else {
        Type::String
    };
    ParameterBuilder::new()
        .name(name)
        .description(Some(description))
        .parameter_in(place)
        .required(Required::False)
        .schema(Some(Object::with_type(kind)))
        .build()
}

/// The operations of a path, by their methods.
pub(crate) fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let PathItem {
        get,
        post,
        put,
        patch,
        delete,
        ..
    } = item;
    [
        (Method::GET, get),
        (Method::POST, post),
        (Method::PUT, put),
        (Method::PATCH, patch),
        (Method::DELETE, delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
