//! What a write brings along: its body, the caller, the idempotency key, the expected version.

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE, request::Parts};
use http_body_util::{BodyExt, Collected};
use proto::v1::CommandContext;
use sha2::{Digest, Sha256};

use crate::{
    app_state::AppState,
    etag::{self, Expected},
    identity::Identity,
    json::{Json, ReadBody, read_body},
    origin::{CHANNEL, Origin},
    params::refuse_any,
    problem::Problem,
    request::RequestInfo,
};

/// Longest `Idempotency-Key`.
const MAX_KEY: usize = 255;
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// A body from anybody.
pub(crate) struct Form<T> {
    pub(crate) body: T,
    /// Without an actor.
    pub(crate) context: CommandContext,
}

/// A command: a body from a known caller.
pub(crate) struct Command<T> {
    pub(crate) body: T,
    pub(crate) context: CommandContext,
    /// From `If-Match`.
    pub(crate) expected: Expected,
}

impl<T: ReadBody> FromRequest<AppState> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        refuse_any(request.uri())?;
        let (parts, body) = request.into_parts();
        let context = context(&parts, app)?;
        let bytes = whole(body).await?;
        let body = parse(&parts.headers, &bytes)?;
        Ok(Self { body, context })
    }
}

impl<T: ReadBody> FromRequest<AppState> for Command<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        refuse_any(request.uri())?;
        let (parts, body) = request.into_parts();
        let info = RequestInfo::of(&parts.extensions)?;
        let Identity::Known(principal) = &info.identity else {
            return Err(Problem::unauthenticated());
        };
        let expected = etag::expected(&parts.headers)?;
        let idempotency_key = idempotency_key(&parts.headers)?;
        let context = context(&parts, app)?;
        let bytes = whole(body).await?;
        let body = parse(&parts.headers, &bytes)?;
        let request_hash = if idempotency_key.is_empty() {
            Vec::new()
        } else {
            fingerprint(parts.method.as_str(), parts.uri.path(), &bytes)
        };
        let context = CommandContext {
            actor: principal.user_id.to_string(),
            idempotency_key,
            request_hash,
            ..context
        };
        Ok(Self {
            body,
            context,
            expected,
        })
    }
}

/// Where a request comes from and why.
fn context(parts: &Parts, app: &AppState) -> Result<CommandContext, Problem> {
    let info = RequestInfo::of(&parts.extensions)?;
    let origin = Origin::of(parts, app.trusted_proxies)?;
    Ok(CommandContext {
        request_id: info.request_id.to_string(),
        correlation_id: info.correlation_id.to_string(),
        client_ip: origin.client_ip,
        user_agent: origin.user_agent,
        channel: CHANNEL.to_owned(),
        reason: origin.reason,
        ..CommandContext::default()
    })
}

/// What the request of an idempotency key is recognised by.
fn fingerprint(method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    Sha256::new()
        .chain_update(method)
        .chain_update([0])
        .chain_update(path)
        .chain_update([0])
        .chain_update(body)
        .finalize()
        .to_vec()
}

/// The client's key; empty without one.
fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(String::new());
    };
    value
        .to_str()
        .ok()
        .filter(|key| (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()))
        .filter(|_| values.next().is_none())
        .map(str::to_owned)
        .ok_or_else(|| {
            Problem::header(
                "Idempotency-Key",
                format!("one key of 1 to {MAX_KEY} visible ASCII characters is expected"),
            )
        })
}

/// The body, which has been received before.
async fn whole(body: Body) -> Result<Bytes, Problem> {
    body.collect()
        .await
        .map(Collected::to_bytes)
        .map_err(|_| Problem::internal())
}

fn parse<T: ReadBody>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, Problem> {
    if bytes.is_empty() && T::OPTIONAL {
        return read_body(Json::Object(Vec::new())).map_err(Problem::validation);
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let mut parts = kind.unwrap_or_default().split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    if !T::MEDIA_TYPES.iter().any(|kind| kind.eq_ignore_ascii_case(essence)) {
        return Err(unsupported(T::MEDIA_TYPES, essence));
    }
    if let Some(charset) = parts.find_map(other_charset) {
        return Err(unsupported(
            T::MEDIA_TYPES,
            &format!("text in {charset}: JSON is UTF-8"),
        ));
    }
    if bytes.is_empty() {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed_json",
            "the body is empty; a JSON object is expected",
        ));
    }
    let json = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    read_body(json).map_err(Problem::validation)
}

/// The character set that a parameter of a media type names, unless it is UTF-8 or a part of it.
fn other_charset(parameter: &str) -> Option<&str> {
    let (name, value) = parameter.split_once('=')?;
    let charset = value.trim().trim_matches('"');
    let is_utf8 = ["utf-8", "utf8", "us-ascii"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(charset));
    (name.trim().eq_ignore_ascii_case("charset") && !is_utf8).then_some(charset)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed_json",
        format!("the body is not JSON: {error}"),
    )
    .with_data("line", error.line())
    .with_data("column", error.column())
}

fn unsupported(expected: &[&str], essence: &str) -> Problem {
    let given = if essence.is_empty() { "none" } else { essence };
    let problem = Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        format!("Content-Type {} is expected, not {given}", expected.join(" or ")),
    );
    match expected {
        [patch, ..] if patch.contains("patch") => {
            let types = HeaderValue::try_from(expected.join(", "));
            types.map_or(problem.clone(), |types| problem.with_header(ACCEPT_PATCH, types))
        }
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_tells_requests_apart() {
        let one = fingerprint("POST", "/v1/orders", b"{}");
        assert_eq!(one.len(), 32);
        assert_eq!(one, fingerprint("POST", "/v1/orders", b"{}"));
        for other in [
            fingerprint("PATCH", "/v1/orders", b"{}"),
            fingerprint("POST", "/v1/order", b"s{}"),
            fingerprint("POST", "/v1/orders", b"{ }"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn json_is_utf8_whatever_its_type_says() {
        for right in [
            "charset=utf-8",
            "Charset=\"UTF-8\"",
            "charset = utf8",
            "version=1",
            "",
            "charset",
        ] {
            assert_eq!(other_charset(right), None, "{right}");
        }
        for (wrong, charset) in [
            ("charset=utf-16", "utf-16"),
            ("CHARSET=\"latin1\"", "latin1"),
            ("charset=", ""),
        ] {
            assert_eq!(other_charset(wrong), Some(charset));
        }
    }

    #[test]
    fn keys_are_visible_ascii_of_bounded_length() {
        let key = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_str(value).unwrap());
            idempotency_key(&headers).map_err(|problem| problem.status().as_u16())
        };
        assert_eq!(key("8e03978e-40d5"), Ok("8e03978e-40d5".to_owned()));
        assert_eq!(key(&"k".repeat(255)), Ok("k".repeat(255)));
        for wrong in [
            String::new(),
            "k".repeat(256),
            "two words".to_owned(),
            "tab\t".to_owned(),
        ] {
            assert_eq!(key(&wrong), Err(400), "{wrong}");
        }
    }
}
