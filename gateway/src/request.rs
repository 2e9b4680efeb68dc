//! What is known of a request before its handler runs.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, request::Parts};
use uuid::Uuid;

use crate::{
    app_state::AppState,
    client,
    endpoint::Endpoint,
    identity::{Identity, token::Refusal},
    problem::Problem,
};

/// Longest id of a request that is taken over from the client.
const MAX_REQUEST_ID: usize = 128;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// What is known of every request before its handler runs.
#[derive(Clone, Debug)]
pub(crate) struct RequestInfo {
    pub(crate) request_id: Arc<str>,
    pub(crate) correlation_id: Uuid,
    pub(crate) identity: Identity,
    /// What the request is for.
    pub(crate) endpoint: Arc<Endpoint>,
}

impl RequestInfo {
    pub(crate) async fn new(app: &AppState, headers: &HeaderMap, endpoint: &Arc<Endpoint>) -> Self {
        // Pages are for everybody, whatever token comes along; and who logs in need not be known.
        let identity = if endpoint.permission.is_some() {
            confirmed(app, Identity::of(headers, &app.tokens, (app.clock)()), endpoint).await
        } else {
            Identity::Anonymous
        };
        let request_id = only(headers, &REQUEST_ID)
            .map(HeaderValue::as_bytes)
            .filter(|id| (1..=MAX_REQUEST_ID).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic))
            .and_then(|id| std::str::from_utf8(id).ok())
            .filter(|id| !may_be_email(id))
            .map_or_else(|| (app.ids)().to_string().into(), Arc::from);
        let correlation_id = only(headers, &CORRELATION_ID)
            .and_then(|id| id.to_str().ok())
            .and_then(|id| Uuid::try_parse(id).ok())
            .unwrap_or_else(|| (app.ids)());
        Self {
            request_id,
            correlation_id,
            identity,
            endpoint: Arc::clone(endpoint),
        }
    }

    /// What is known of the request that a handler works on.
    pub(crate) fn of(extensions: &Extensions) -> Result<&Self, Problem> {
        extensions
            .get::<Arc<Self>>()
            .map(AsRef::as_ref)
            .ok_or_else(Problem::internal)
    }
}

/// Somebody known whose session is still good. Where nobody needs to be known, who cannot be asked about is nobody in particular.
async fn confirmed(app: &AppState, identity: Identity, endpoint: &Endpoint) -> Identity {
    let Identity::Known(principal) = &identity else {
        return identity;
    };
    match app.sessions.confirm(principal).await {
        Ok(()) => identity,
        Err(Refusal::Unknown) if endpoint.is_public() => Identity::Anonymous,
        Err(refusal) => Identity::Refused(refusal),
    }
}

/// Whether a text may be an e-mail address or contain one, also as it is written in an address: it must not get into the log.
pub(crate) fn may_be_email(text: &str) -> bool {
    text.contains('@') || text.contains("%40")
}

/// The value of a header that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// The address that a connection came from.
pub(crate) fn peer(extensions: &Extensions) -> Option<SocketAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}

/// The client's address, as an argument of a handler; none: it is not known.
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        let peer = peer(&parts.extensions);
        Ok(Self(client::address(peer, &parts.headers, app.trusted_proxies)))
    }
}
