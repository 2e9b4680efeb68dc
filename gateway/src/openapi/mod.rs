//! The description of the API: what the handlers say of themselves, completed by what holds for all of them.

mod shared;

use std::sync::OnceLock;

use utoipa::{
    OpenApi as _,
    openapi::{
        Content, HeaderBuilder, HttpMethod, OpenApi, PathItem, Ref, RefOr, Required, Response, Type,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::Object,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{
    problem::{FieldError, PROBLEM_JSON, ProblemBody},
    representation, routes,
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Tillroll", description = include_str!("introduction.md"), license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    components(schemas(ProblemBody, FieldError)),
    tags(
        (name = "products", description = "The catalogue"),
        (name = "search", description = "What the shop sets about its search"),
        (name = "stock", description = "What is on the shelf"),
        (name = "orders", description = "Orders with their products"),
        (name = "reports", description = "Sums over the sales"),
        (name = "audit", description = "The events themselves"),
        (name = "users", description = "Who there is"),
        (name = "projections", description = "The read models, and events that they do not show"),
        (name = "processes", description = "What must follow from events, and could not be delivered"),
        (name = "auth", description = "Who asks"),
        (name = "operation", description = "For those who run the system"),
    )
)]
struct Base;

/// The description of the whole API.
#[must_use]
pub fn openapi() -> OpenApi {
    static DESCRIPTION: OnceLock<OpenApi> = OnceLock::new();
    DESCRIPTION
        .get_or_init(|| {
            let mut description = routes::documented().into_openapi();
            description.merge(Base::openapi());
            description.info = Base::openapi().info;
            complete(&mut description);
            representation::describe(&mut description);
            shared::share(&mut description);
            description
        })
        .clone()
}

/// The description of the whole API as JSON text, for `docs/openapi.json`.
#[must_use]
pub fn openapi_json() -> String {
    openapi().to_pretty_json().unwrap_or_default()
}

fn complete(description: &mut OpenApi) {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The `access_token` that `POST /v1/auth/login` answers with"))
        .build();
    description
        .components
        .get_or_insert_default()
        .add_security_scheme("bearer", SecurityScheme::Http(bearer));
    for (path, item) in &mut description.paths.paths {
        for (method, operation) in operations(item) {
            complete_operation(path, &method, operation);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let PathItem {
        get,
        post,
        put,
        patch,
        delete,
        ..
    } = item;
    [
        (HttpMethod::Get, get),
        (HttpMethod::Post, post),
        (HttpMethod::Put, put),
        (HttpMethod::Patch, patch),
        (HttpMethod::Delete, delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// What kind of operation it is.
#[derive(Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent traits, each of which adds something of its own"
)]
struct Kind {
    in_api: bool,
    reads: bool,
    lists: bool,
    writes: bool,
    takes_body: bool,
    takes_version: bool,
    names_one: bool,
    knows_caller: bool,
    refuses_callers: bool,
    shows_version: bool,
    looks_back: bool,
    operates: bool,
}

impl Kind {
    fn of(path: &str, method: &HttpMethod, operation: &Operation) -> Self {
        let in_api = path.starts_with("/v1/");
        let reads = in_api && *method == HttpMethod::Get;
        let writes = in_api && !reads && path != "/v1/auth/login";
        let lists = [
            "/v1/products",
            "/v1/orders",
            "/v1/audit",
            "/v1/audit/checkpoints",
            "/v1/projections/parked",
            "/v1/search/rules",
            "/v1/exports",
            "/v1/reports/sales/orders",
            "/v1/stock",
            "/v1/users",
        ]
        .contains(&path)
            || path.starts_with("/v1/streams/");
        // What operators do has no version, and reads of how things stand wait for nothing.
        let operates = path.starts_with("/v1/projections");
        let security = operation.security.as_deref().unwrap_or_default();
        let public = security.contains(&SecurityRequirement::default());
        Self {
            in_api,
            reads,
            writes,
            lists: reads && lists,
            takes_body: operation.request_body.is_some(),
            takes_version: writes
                && !operates
                && path != "/v1/products"
                && path != "/v1/orders"
                && !path.starts_with("/v1/search/rules")
                && !path.starts_with("/v1/exports"),
            operates,
            looks_back: operation
                .parameters
                .iter()
                .flatten()
                .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == "as_of")),
            shows_version: reads
                && [
                    "/v1/products/{id}",
                    "/v1/products/{id}/stock",
                    "/v1/orders/{id}",
                    "/v1/search/settings",
                ]
                .contains(&path),
            names_one: path.contains('{'),
            knows_caller: !security.is_empty(),
            refuses_callers: !security.is_empty() && (!public || lists),
        }
    }
}

/// Adds the statuses, parameters and headers that follow from what kind of operation it is.
fn complete_operation(path: &str, method: &HttpMethod, operation: &mut Operation) {
    let kind = Kind::of(path, method, operation);
    let declared: Vec<String> = operation.responses.responses.keys().cloned().collect();
    for status in declared.iter().filter(|status| status.starts_with(['4', '5'])) {
        // Said by the handler itself, which leaves its shape to this place.
        refusal(operation, status, "");
    }
    describe_refusals(operation, kind);
    if path == "/readyz" {
        refusal(operation, "503", "Not ready");
    }
    if kind.in_api {
        describe_parameters(operation.parameters.get_or_insert_default(), kind);
        describe_headers(operation, kind);
    }
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

fn describe_refusals(operation: &mut Operation, kind: Kind) {
    let values = if kind.writes {
        "Values are wrong (`errors` lists them), or the idempotency key belongs to another request"
    } else {
        "Values are wrong; `errors` lists them"
    };
    // A body that is not asked for is read and judged all the same.
    let sending = kind.takes_body || kind.writes;
    let answers = !operation.responses.responses.contains_key("204");
    for (applies, status, description) in [
        (
            kind.in_api,
            "400",
            "A parameter, a header or the JSON cannot be understood",
        ),
        (kind.knows_caller, "401", "No access token, or one that is no good"),
        (kind.refuses_callers, "403", "The caller may not do this"),
        (kind.names_one || kind.writes, "404", "There is no such thing"),
        (
            kind.in_api && answers,
            "406",
            "`Accept` takes nothing of what is answered here",
        ),
        (sending, "408", "The body did not arrive in time"),
        (kind.writes, "409", "The request contradicts the present state"),
        (
            kind.takes_version,
            "412",
            "`If-Match` names another version than the present one",
        ),
        (sending, "413", "The body is longer than a mebibyte"),
        (
            sending,
            "415",
            "The body is of another media type, in another character set than UTF-8, or compressed",
        ),
        (sending || kind.writes, "422", values),
        (kind.in_api, "431", "The headers are longer than 32 KiB together"),
        (
            kind.in_api,
            "429",
            "Too many requests; `Retry-After` says when the next one is allowed",
        ),
        (kind.in_api, "500", "A fault of the system"),
        (
            kind.in_api,
            "503",
            "Busy, or a part does not answer; `Retry-After` says when to try again",
        ),
        (kind.in_api, "504", "No answer in time"),
    ] {
        if applies {
            refusal(operation, status, description);
        }
    }
}

fn describe_parameters(parameters: &mut Vec<RefOr<Parameter>>, kind: Kind) {
    for (applies, name, place, description) in [
        (
            kind.lists,
            "limit",
            ParameterIn::Query,
            "Items of a page, 1 to 200. 24, unless said otherwise.",
        ),
        (
            kind.lists,
            "cursor",
            ParameterIn::Query,
            "`next_cursor` or `prev_cursor` of an earlier page.",
        ),
        (
            kind.reads && !kind.operates,
            "Consistency-Token",
            ParameterIn::Header,
            "Wait until the answer can show the write that answered with this token.",
        ),
        (
            kind.reads && !kind.operates,
            "Consistency-Wait",
            ParameterIn::Header,
            "How long to wait for that, in milliseconds.",
        ),
        (
            kind.reads && !kind.operates,
            "Consistency-Stale",
            ParameterIn::Header,
            "`allow`: after the wait, an answer that does not show it is better than none.",
        ),
        (
            kind.writes && !kind.operates,
            "Idempotency-Key",
            ParameterIn::Header,
            "1 to 255 visible ASCII characters. A retry with the same key and body gets the first answer again.",
        ),
        (
            kind.writes,
            "Audit-Reason",
            ParameterIn::Header,
            "Why, in up to 500 characters: kept with the events, for the audit log.",
        ),
        (
            kind.takes_version,
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

fn describe_headers(operation: &mut Operation, kind: Kind) {
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
            "200" | "201" | "204" if kind.writes => {
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
                if kind.reads {
                    for (name, description) in representation::HEADERS {
                        header(name, description);
                    }
                }
                if kind.looks_back {
                    header(
                        "As-Of-Position",
                        "Of an answer about the past: where in the log it ends, as `lane.position`.",
                    );
                    header(
                        "As-Of-Time",
                        "Of an answer about the past: the time that it stands for.",
                    );
                }
                if kind.shows_version {
                    header(
                        "ETag",
                        "Validator of this representation, for `If-None-Match`; begins with the version, for `If-Match` of a write.",
                    );
                }
                if kind.lists {
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
