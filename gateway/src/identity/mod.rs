//! Who a request says it comes from, and the tokens that prove it.

pub(crate) mod key;
pub(crate) mod sessions;
mod signature;
pub(crate) mod token;

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION, header::WWW_AUTHENTICATE};
use proto::access::{Permission, Role};
use proto::caller::Caller;

use crate::problem::Problem;
use token::{Principal, Refusal, Tokens};

/// Who a request says it comes from. Found out once, in the middleware, which counts requests by it.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    Anonymous,
    Known(Arc<Principal>),
    Refused(Refusal),
}

impl Identity {
    /// Who it is, if that is known.
    pub(crate) fn known(&self) -> Option<&Arc<Principal>> {
        match self {
            Self::Known(principal) => Some(principal),
            _ => None,
        }
    }

    /// Who calls the services for the request of this id.
    pub(crate) fn caller(&self, request_id: &Arc<str>) -> Caller {
        let (actor, role) = match self {
            Self::Known(principal) => (Arc::clone(&principal.user_id), principal.granted()),
            Self::Anonymous | Self::Refused(_) => (Arc::default(), Role::Unspecified),
        };
        Caller::person(actor, role, Arc::clone(request_id))
    }

    /// Why somebody may not do what needs a permission.
    pub(crate) fn refusal(&self, permission: Option<Permission>) -> Option<Problem> {
        let permission = permission?;
        match self {
            Self::Refused(refusal) => Some((*refusal).into()),
            Self::Known(principal) if !principal.may(permission) => Some(Problem::lacking(permission)),
            Self::Anonymous if !permission.is_granted_to(Role::Unspecified) => Some(Problem::unauthenticated()),
            Self::Known(_) | Self::Anonymous => None,
        }
    }

    pub(crate) fn of(headers: &HeaderMap, tokens: &Tokens, now: chrono::DateTime<chrono::Utc>) -> Self {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return Self::Anonymous;
        };
        let token = value
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        match token
            .ok_or(Refusal::Invalid)
            .and_then(|token| tokens.verify(token, now))
        {
            Ok(principal) => Self::Known(principal),
            Err(refusal) => Self::Refused(refusal),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (code, detail, challenge) = match refusal {
            Refusal::Unknown => {
                return Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "whether the access token is still good cannot be found out now; try again shortly",
                )
                .with_retry_after(std::time::Duration::from_secs(1));
            }
            Refusal::Ended => (
                "session_ended",
                "the session has ended or its rights have changed; refresh it, and if that is refused log in again",
                r#"Bearer realm="tillroll", error="invalid_token", error_description="session ended""#,
            ),
            Refusal::Invalid => (
                "invalid_token",
                "the access token is not one of ours; log in again",
                r#"Bearer realm="tillroll", error="invalid_token", error_description="not a token of this issuer""#,
            ),
            Refusal::Expired => (
                "token_expired",
                "the access token has expired; refresh the session",
                r#"Bearer realm="tillroll", error="invalid_token", error_description="expired""#,
            ),
        };
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }
}
