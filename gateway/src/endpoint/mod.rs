//! What an endpoint says of itself, once. Whatever depends on which endpoint a request is for reads it here, and not off its address:
//! who is let in, how requests are counted and admitted, how long they may take, what is done to answers, the description of the API.

mod described;
mod operation;
mod table;

use std::time::Duration;

use http::HeaderMap;
use proto::access::Role;

use crate::{admission, consistency, expansion::Expansion, rate};

pub(crate) use described::{Described, Documentation};
pub(crate) use operation::operations;
pub(crate) use proto::access::Permission;
pub(crate) use table::Table;
pub(crate) use utoipa_axum::routes;

/// How long a request may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How long a report may take.
const REPORT_LIMIT: Duration = Duration::from_mins(1);

/// Codes that any request may be refused with, whatever it is for.
const ANYWHERE: &[&str] = &[
    "bad_request",
    "headers_too_large",
    "internal",
    "invalid_header",
    "timeout",
    "transfer_coding_not_supported",
    "unsupported_media_type",
];
/// Those of requests that are counted and take a place.
const ADMITTED: &[&str] = &[
    "invalid_parameter",
    "not_acceptable",
    "overloaded",
    "rate_limited",
    "unavailable",
];
const TOKEN: &[&str] = &["invalid_token", "session_ended", "token_expired"];
const CALLER: &[&str] = &["forbidden", "unauthenticated"];
const BODY: &[&str] = &[
    "malformed_json",
    "payload_too_large",
    "request_timeout",
    "validation_failed",
];

/// What becomes of what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing, and it is open to everybody, without a rate limit: health, metrics, pages.
    Page,
    Login,
    Read,
    Write,
}

/// How much is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    One,
    /// A page of a list, with cursors to the next ones.
    Page,
    /// A list without cursors.
    All,
}

/// The description of an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) effect: Effect,
    pub(crate) amount: Amount,
    /// What the caller must be allowed to do; none: nothing.
    pub(crate) permission: Option<Permission>,
    /// The class of its places; none: it needs none.
    class: Option<admission::Class>,
    /// How long a request may take.
    pub(crate) limit: Duration,
    /// A read shows the version of the one thing that it answers with; a write takes `If-Match`.
    pub(crate) is_versioned: bool,
    /// A retry with the same `Idempotency-Key` gets the first answer again.
    pub(crate) is_idempotent: bool,
    /// Takes `as_of`.
    pub(crate) looks_back: bool,
    /// What may be put in the place of ids.
    pub(crate) expansions: &'static [Expansion],
    /// Codes of refusals beyond those that follow from the rest.
    refusals: &'static [&'static str],
    /// Types of the events that it may cause.
    pub(crate) events: &'static [&'static str],
}

impl Endpoint {
    fn new(effect: Effect, permission: Option<Permission>, class: Option<admission::Class>) -> Self {
        Self {
            effect,
            amount: Amount::One,
            permission,
            class,
            limit: LIMIT,
            is_versioned: false,
            is_idempotent: matches!(effect, Effect::Write),
            looks_back: false,
            expansions: &[],
            refusals: &[],
            events: &[],
        }
    }

    /// Answers everybody, without a rate limit.
    pub(crate) fn page() -> Self {
        Self::new(Effect::Page, None, None)
    }

    /// Identifies a caller by credentials. An access token in the request is ignored.
    pub(crate) fn login() -> Self {
        Self::new(Effect::Login, None, Some(admission::Class::Login))
    }

    /// Reads one thing.
    pub(crate) fn read(permission: Permission) -> Self {
        Self::new(Effect::Read, Some(permission), Some(admission::Class::Read))
    }

    /// Reads a page of a list.
    pub(crate) fn list(permission: Permission) -> Self {
        Self {
            amount: Amount::Page,
            ..Self::read(permission)
        }
    }

    /// Changes something; a retry with the same key changes it once.
    pub(crate) fn write(permission: Permission) -> Self {
        Self::new(Effect::Write, Some(permission), Some(admission::Class::Write))
    }

    /// Takes its time, and shares its places with what is as much work.
    pub(crate) fn report(self) -> Self {
        Self {
            class: Some(admission::Class::Report),
            ..self
        }
    }

    /// May take as long as a report does.
    pub(crate) fn long(self) -> Self {
        Self {
            limit: REPORT_LIMIT,
            ..self
        }
    }

    /// Is for operators: has places of its own, shows the present state, and may be repeated without harm.
    pub(crate) fn operates(self) -> Self {
        Self {
            class: Some(admission::Class::Operation),
            is_idempotent: false,
            ..self
        }
    }

    /// Answers with the whole list.
    pub(crate) fn all(self) -> Self {
        Self {
            amount: Amount::All,
            ..self
        }
    }

    pub(crate) fn versioned(self) -> Self {
        Self {
            is_versioned: true,
            ..self
        }
    }

    pub(crate) fn with_as_of(self) -> Self {
        Self {
            looks_back: true,
            ..self
        }
    }

    pub(crate) fn expands(self, expansions: &'static [Expansion]) -> Self {
        Self { expansions, ..self }
    }

    /// May be refused with these codes, besides those that follow from what was said before.
    pub(crate) fn refuses(self, refusals: &'static [&'static str]) -> Self {
        Self { refusals, ..self }
    }

    /// May cause events of these types.
    pub(crate) fn causes(self, events: &'static [&'static str]) -> Self {
        Self { events, ..self }
    }

    /// Whether requests are identified, counted and admitted.
    pub(crate) fn is_guarded(&self) -> bool {
        self.class.is_some()
    }

    /// Whether those who are not known may ask.
    pub(crate) fn is_public(&self) -> bool {
        self.permission
            .is_none_or(|permission| permission.is_granted_to(Role::Unspecified))
    }

    /// Whether a read takes the token of a write that it must show.
    pub(crate) fn waits(&self) -> bool {
        self.effect == Effect::Read && self.class != Some(admission::Class::Operation)
    }

    /// Which requests it is counted among; none: it is not counted.
    pub(crate) fn rate(&self) -> Option<rate::Class> {
        match self.effect {
            Effect::Page => None,
            Effect::Login => Some(rate::Class::Login),
            Effect::Read => Some(rate::Class::Read),
            Effect::Write => Some(rate::Class::Write),
        }
    }

    /// The class of the place that a request needs; none: it needs no place.
    pub(crate) fn class(&self, headers: &HeaderMap) -> Option<admission::Class> {
        match self.class {
            Some(admission::Class::Read) if headers.contains_key(consistency::TOKEN) => Some(admission::Class::Waiting),
            class => class,
        }
    }

    /// All codes that a request may be refused with.
    pub(crate) fn codes(&self) -> impl Iterator<Item = &'static str> {
        let [guarded, writes] = [self.is_guarded(), self.effect == Effect::Write];
        let parts: [(bool, &[&str]); 11] = [
            (true, ANYWHERE),
            (guarded, ADMITTED),
            (self.permission.is_some(), TOKEN),
            (!self.is_public(), CALLER),
            (writes || self.effect == Effect::Login, BODY),
            (writes, &["stream_unreadable"]),
            (self.is_idempotent, &["idempotency_key_reused"]),
            (writes && self.is_versioned, &["version_mismatch"]),
            (self.waits(), &["read_model_behind"]),
            (self.amount == Amount::Page, &["invalid_cursor"]),
            (true, self.refusals),
        ];
        parts
            .into_iter()
            .filter_map(|(applies, codes)| applies.then_some(codes))
            .flatten()
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::{admission::Class, ops::pages::ERRORS, routes};

    #[test]
    fn only_pages_need_no_place_and_a_read_that_waits_needs_another() {
        let plain = HeaderMap::new();
        let token = HeaderMap::from_iter([(consistency::TOKEN, HeaderValue::from_static("1.1"))]);
        let read = Endpoint::read(Permission::OrdersRead);
        assert_eq!(Endpoint::page().class(&token), None);
        assert_eq!(Endpoint::login().class(&token), Some(Class::Login));
        assert_eq!(read.class(&plain), Some(Class::Read));
        assert_eq!(read.class(&token), Some(Class::Waiting));
        assert_eq!(read.report().class(&token), Some(Class::Report));
        let write = Endpoint::write(Permission::OrdersWrite);
        assert_eq!(write.class(&token), Some(Class::Write));
        assert_eq!(write.operates().class(&token), Some(Class::Operation));
    }

    #[test]
    fn reads_are_safe_and_writes_are_not() {
        for Described {
            endpoint, method, path, ..
        } in routes::all()
        {
            let reads = matches!(endpoint.effect, Effect::Read | Effect::Page);
            assert_eq!(reads, method.is_safe(), "{method} {path}");
        }
    }

    /// Each code has a page, which names its status; and the operation lists that status.
    #[test]
    fn every_code_has_a_page_and_its_status_is_described() {
        let description = serde_json::to_value(crate::openapi()).unwrap();
        for Described { method, path, .. } in routes::all().iter().filter(|all| all.endpoint.is_guarded()) {
            let responses = &description["paths"][path][method.as_str().to_lowercase()]["responses"];
            for code in responses["x-error-codes"].as_array().unwrap() {
                let page = ERRORS.iter().find(|(known, _)| *known == code);
                let (_, text) = page.unwrap_or_else(|| panic!("{code} has no page"));
                let status = text.split(['(', ')']).nth(1).unwrap();
                // A body without a place for it, or another coding of the transfer, may come with anything.
                let anywhere = ["415", "501"].contains(&status);
                assert!(
                    anywhere || responses[status].is_object(),
                    "{method} {path}: {code} ({status})"
                );
            }
        }
    }
}
