//! Who asks, as an argument of a handler.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::{app_state::AppState, identity::token::Principal, problem::Problem, request::RequestInfo};

/// Anybody; who logged in is known.
pub(crate) struct Visitor(pub(crate) Option<Arc<Principal>>);

/// Somebody who is logged in.
pub(crate) struct Caller(pub(crate) Arc<Principal>);

impl FromRequestParts<AppState> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        Ok(Self(RequestInfo::of(&parts.extensions)?.identity.known().cloned()))
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let Visitor(principal) = Visitor::from_request_parts(parts, app).await?;
        principal.map(Self).ok_or_else(Problem::unauthenticated)
    }
}
