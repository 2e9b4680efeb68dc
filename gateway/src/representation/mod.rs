//! How an answer is represented, whatever it is: which of its members (`fields`), what in the place of ids (`expand`), its validator,
//! whether the client has it already, and in which content coding.
//!
//! All of it is done to finished answers, so that every address that answers with JSON can do it and no handler has to know.

mod expand;
mod fields;
pub(crate) mod page_cache;
mod schema;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{FromRequestParts, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{
    Extensions, HeaderMap, HeaderValue, Method, StatusCode, Uri, Version,
    header::{
        ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG,
        TRANSFER_ENCODING, VARY,
    },
};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use proto::v1::ReadContext;
use serde_json::Value;
use tower_http::compression::{
    CompressionLayer,
    predicate::{And, Predicate, SizeAbove},
};
use utoipa::openapi::{
    OpenApi, RefOr, Required, Type,
    path::{ParameterBuilder, ParameterIn},
    schema::Object,
};

use crate::{
    admission::measured,
    app_state::AppState,
    auth::Visitor,
    consistency::Freshly,
    endpoint::{Amount, Effect, Endpoint, Table},
    etag,
    expansion::Expansion,
    identity::token::Principal,
    params::RepresentationParams,
    problem::{FieldError, Problem},
    request::RequestInfo,
};
use fields::Selection;
use page_cache::Encoded;
pub(crate) use schema::Schema;
use schema::{Node, Resource};

/// Longest answer that gets a validator of its content.
const LONGEST: u64 = 8 * 1024 * 1024;
/// Shorter answers are not compressed: the headers would cost more.
const SHORTEST_COMPRESSED: u64 = 1024;

/// What a request wants of a finished answer.
struct Shape {
    is_list: bool,
    selection: Option<Selection>,
    expansions: Vec<&'static Expansion>,
}

/// The middleware.
pub(crate) async fn represent(
    State((app, schema)): State<(AppState, Arc<Schema>)>,
    request: Request,
    next: Next,
) -> Response {
    measured(represented(&app, &schema, request, next).await)
}

async fn represented(app: &AppState, schema: &Schema, request: Request, next: Next) -> Response {
    let endpoint = match RequestInfo::of(request.extensions()) {
        Ok(info) if info.endpoint.effect == Effect::Read => Arc::clone(&info.endpoint),
        _ => return next.run(request).await,
    };
    let mut response = if asks(request.uri()) {
        shaped(app, schema, &endpoint, request, next)
            .await
            .unwrap_or_else(IntoResponse::into_response)
    } else {
        next.run(request).await
    };
    if response.status() != StatusCode::OK {
        return response;
    }
    if !response.headers().contains_key(ETAG) && is_short_json(&response) {
        response = tagged(response).await;
    }
    let headers = response.headers_mut();
    // Always asked again, because the events decide when it changes; kept by nobody but who asked, because it may be theirs alone.
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("private, no-cache"));
    headers.append(VARY, HeaderValue::from(AUTHORIZATION));
    response
}

/// Whether there is anything to do here.
fn asks(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| RepresentationParams::include(&name))
}

async fn shaped(
    app: &AppState,
    schema: &Schema,
    endpoint: &Endpoint,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let route = request.extensions().get::<MatchedPath>();
    let Some(resource) = route.and_then(|route| schema.resource(route.as_str())) else {
        return Ok(next.run(request).await);
    };
    let (mut parts, body) = request.into_parts();
    let Visitor(visitor) = Visitor::from_request_parts(&mut parts, app).await?;
    let shape = Shape::read(&parts.uri, endpoint, resource, schema);
    let context = Freshly::from_request_parts(&mut parts, app).await;
    let mistakes = shape.as_ref().err().cloned().unwrap_or_default();
    parts.extensions.insert(RepresentationParams(mistakes));
    let response = next.run(Request::from_parts(parts, body)).await;
    if response.status() != StatusCode::OK {
        return Ok(response);
    }
    let (shape, Freshly(context)) = (shape.map_err(Problem::parameters)?, context?);
    if shape.is_whole() {
        return Ok(response);
    }
    if !is_json(response.headers()) {
        return Err(shape.of_file());
    }
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    let original = parts.headers.remove(ETAG);
    let bytes = bytes_of(body).await?;
    let mut answer: Value = serde_json::from_slice(&bytes).map_err(|_| Problem::internal())?;
    shape.apply(app, &context, visitor.as_deref(), &mut answer).await?;
    let bytes = Bytes::from(serde_json::to_vec(&answer).map_err(|_| Problem::internal())?);
    let tag = match &original {
        Some(original) => etag::of_derived(original, &bytes),
        None => etag::of_content(&bytes),
    };
    parts.headers.extend(tag.map(|tag| (ETAG, tag)));
    Ok(Response::from_parts(parts, bytes.into()))
}

impl Shape {
    fn read(uri: &Uri, endpoint: &Endpoint, resource: &Resource, schema: &Schema) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let expansions = match parameter(uri, "expand", &mut errors) {
            Some(text) => expand::parse(&text, endpoint.expansions).unwrap_or_else(|message| {
                errors.push(FieldError::new("expand", "unknown", message));
                Vec::new()
            }),
            None => Vec::new(),
        };
        if !expansions.is_empty() && parameter(uri, "as_of", &mut Vec::new()).is_some() {
            errors.push(FieldError::new(
                "expand",
                "not_supported",
                "related things would be those of today; read them with as_of on their own",
            ));
        }
        let selection = parameter(uri, "fields", &mut errors).and_then(|text| {
            let mut members = resource.members.clone();
            for expansion in &expansions {
                expand::describe(expansion, &mut members, schema.named(expansion.target.schema));
            }
            let name = if resource.name.is_empty() {
                "the answer"
            } else {
                &resource.name
            };
            Selection::parse(&text, &members, name)
                .map_err(|message| errors.push(FieldError::new("fields", "unknown", message)))
                .ok()
        });
        if errors.is_empty() {
            Ok(Self {
                is_list: endpoint.amount != Amount::One,
                selection,
                expansions,
            })
        } else {
            Err(errors)
        }
    }

    /// Whether the answer is wanted as it is.
    fn is_whole(&self) -> bool {
        self.selection.is_none() && self.expansions.is_empty()
    }

    /// Refuses what files do not do.
    fn of_file(&self) -> Problem {
        let asked = [
            ("fields", self.selection.is_some()),
            ("expand", !self.expansions.is_empty()),
        ];
        let errors = asked.into_iter().filter(|(_, asked)| *asked).map(|(name, _)| {
            FieldError::new(
                name,
                "not_supported",
                "a file has all of its columns; only JSON is answered in parts",
            )
        });
        Problem::parameters(errors.collect())
    }

    async fn apply(
        &self,
        app: &AppState,
        context: &ReadContext,
        visitor: Option<&Principal>,
        answer: &mut Value,
    ) -> Result<(), Problem> {
        let things = match answer.get_mut("items") {
            Some(items) if self.is_list => items,
            _ => answer,
        };
        for expansion in &self.expansions {
            expand::apply(expansion, app, context, visitor, things).await?;
        }
        if let Some(selection) = &self.selection {
            selection.apply(things);
        }
        Ok(())
    }
}

/// A parameter; an empty one counts as absent.
fn parameter(uri: &Uri, name: &str, errors: &mut Vec<FieldError>) -> Option<String> {
    const LONGEST: usize = 4_000;
    let query = uri.query().unwrap_or_default();
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    let value = values.next()?.1.into_owned();
    if values.next().is_some() {
        errors.push(FieldError::new(
            name,
            "duplicate_parameter",
            "the parameter is given more than once; several are listed with commas",
        ));
    } else if value.len() > LONGEST {
        errors.push(FieldError::new(
            name,
            "too_long",
            format!("at most {LONGEST} bytes are allowed"),
        ));
    } else if !value.is_empty() {
        return Some(value);
    }
    None
}

fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers) == "application/json"
}

/// Without its parameters.
fn media_type(headers: &HeaderMap) -> &str {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.unwrap_or_default().split(';').next().unwrap_or_default().trim()
}

/// Whether the whole answer is there: what is streamed has no length yet.
fn is_short_json(response: &Response) -> bool {
    is_json(response.headers())
        && response
            .body()
            .size_hint()
            .exact()
            .is_some_and(|length| length <= LONGEST)
}

async fn tagged(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    match bytes_of(body).await {
        Ok(bytes) => {
            parts.headers.extend(etag::of_content(&bytes).map(|tag| (ETAG, tag)));
            Response::from_parts(parts, bytes.into())
        }
        Err(problem) => problem.into_response(),
    }
}

async fn bytes_of(body: Body) -> Result<Bytes, Problem> {
    match body.collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) => {
            tracing::error!(%error, "an answer broke off");
            Err(Problem::internal())
        }
    }
}

/// Answers 304 to a client that has the representation already. Comes last: the content coding is part of what the tag stands for.
pub(crate) fn conditional(method: &Method, known: &HeaderMap, mut response: Response) -> Response {
    let reads = *method == Method::GET || *method == Method::HEAD;
    if !reads || response.status() != StatusCode::OK {
        return response;
    }
    let headers = response.headers_mut();
    let Some(mut tag) = headers.get(ETAG).cloned() else {
        return response;
    };
    if let Some(coding) = headers.get(CONTENT_ENCODING).and_then(|coding| coding.to_str().ok())
        && let Some(coded) = etag::of_coding(&tag, coding)
    {
        tag = coded.clone();
        headers.insert(ETAG, coded);
    }
    if !etag::is_known(known, &tag) {
        return response;
    }
    for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    *response.body_mut() = Body::empty();
    response
}

/// Sends an answer without a coding even to clients that refuse `identity`, as RFC 9110 (12.5.3) allows; the compressor would answer 406.
pub(crate) fn allow_identity(headers: &mut HeaderMap) {
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    let ranges = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let (refusals, others): (Vec<_>, Vec<_>) = ranges.partition(|range| refuses_identity(range));
    if refusals.is_empty() {
        return;
    }
    if let Ok(others) = HeaderValue::try_from(others.join(",")) {
        headers.insert(ACCEPT_ENCODING, others);
    }
}

/// Whether the client takes gzip.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|range| {
        let (coding, weight) = range.split_once(';').unwrap_or((range, ""));
        coding.trim().eq_ignore_ascii_case("gzip") && !is_zero(weight)
    })
}

fn refuses_identity(range: &str) -> bool {
    let (coding, weight) = range.split_once(';').unwrap_or((range, ""));
    let coding = coding.trim();
    (coding == "*" || coding.eq_ignore_ascii_case("identity")) && is_zero(weight)
}

/// Whether `q=...` says: not at all.
fn is_zero(weight: &str) -> bool {
    let weight = weight.trim().get(2..).and_then(|weight| weight.parse::<f32>().ok());
    weight.is_some_and(|weight| weight <= 0.0)
}

type Worthwhile = And<SizeAbove, fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool>;

/// Compresses text of more than a kibibyte, by gzip or brotli, as the client likes.
pub(crate) fn compression() -> CompressionLayer<Worthwhile> {
    let by_kind: fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool =
        |_, _, headers, extensions| is_text(headers) && extensions.get::<Encoded>().is_none();
    CompressionLayer::new().compress_when(SizeAbove::new(SHORTEST_COMPRESSED).and(by_kind))
}

/// Files such as XLSX and PDF are compressed already, and what is sent bit by bit must not wait for a compressor.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = media_type(headers);
    match kind {
        "text/event-stream" => false,
        "application/json"
        | "application/problem+json"
        | "application/javascript"
        | "application/xml"
        | "application/jsonl"
        | "application/x-ndjson"
        | "image/svg+xml" => true,
        _ => kind.starts_with("text/"),
    }
}

/// Adds the parameters to the description of every address that takes them.
pub(crate) fn describe(description: &mut OpenApi, endpoints: &Table) {
    let Ok(document) = serde_json::to_value(&*description) else {
        return;
    };
    let schema = Schema::of(document, endpoints);
    for (path, endpoint, resource) in schema.resources(endpoints) {
        let item = description.paths.paths.get_mut(path);
        let Some(operation) = item.and_then(|item| item.get.as_mut()) else {
            continue;
        };
        let parameters = operation.parameters.get_or_insert_default();
        let mut add = |name: &str, place, description: &str| {
            let parameter = ParameterBuilder::new()
                .name(name)
                .description(Some(description))
                .parameter_in(place)
                .required(Required::False)
                .schema(Some(Object::with_type(Type::String)));
            parameters.push(RefOr::T(parameter.build()));
        };
        if matches!(resource.members, Node::Object(_)) {
            add(
                "fields",
                ParameterIn::Query,
                "Only these members, separated by commas; those of members after a dot: `id,price.amount`.",
            );
        }
        let expansions: Vec<_> = endpoint.expansions.iter().map(|expansion| expansion.name).collect();
        if !expansions.is_empty() {
            let description = format!(
                "Related things to put in, separated by commas: `{}`.",
                expansions.join(",")
            );
            add("expand", ParameterIn::Query, &description);
        }
        add(
            "If-None-Match",
            ParameterIn::Header,
            "`ETag` of the copy that the client has: 304 while that is still good.",
        );
        let unchanged = utoipa::openapi::Response::new("The client's copy is still good");
        operation.responses.responses.insert("304".to_owned(), unchanged.into());
    }
}
