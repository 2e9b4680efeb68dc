//! E-mail addresses.

use std::sync::Arc;

use crate::{
    text::text_traits,
    value::{ValueCode, ValueError},
};

/// An e-mail address, lower-cased, so that it is one identity however it was typed. At most 254
/// characters; ASCII only, other domains in Punycode.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(Arc<str>);

impl EmailAddress {
    /// Longest allowed, in characters.
    pub const MAX_CHARS: usize = 254;

    /// Checks and takes an address.
    pub fn new(text: impl AsRef<str>) -> Result<Self, ValueError> {
        let text = values::identifier(text.as_ref());
        if text.is_empty() {
            return Err(ValueError::new(
                ValueCode::Required,
                "an e-mail address is needed, like ada@example.com",
            ));
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(ValueError::new(
                ValueCode::TooLong,
                "an e-mail address has at most 254 characters",
            ));
        }
        if let Some(foreign) = text.chars().find(|c| !c.is_ascii()) {
            return Err(ValueError::new(
                ValueCode::InvalidFormat,
                format!(
                    "an e-mail address consists of ASCII characters, other domains in Punycode: {foreign} (U+{:04X}) is none",
                    u32::from(foreign)
                ),
            ));
        }
        let well_formed = text
            .rsplit_once('@')
            .is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
        if !well_formed {
            return Err(ValueError::new(
                ValueCode::InvalidFormat,
                "an e-mail address looks like ada@example.com",
            ));
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The stream that says which user has this address: `email_<address>`.
    #[must_use]
    pub fn stream_id(&self) -> String {
        format!("email_{}", self.as_str())
    }
}

text_traits!(EmailAddress);

/// The dot-atom of RFC 5322; quoted local parts are legal and nobody has one.
fn is_local_part(local: &str) -> bool {
    local.len() <= 64
        && local.split('.').all(|atom| {
            !atom.is_empty()
                && atom
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
        })
}

fn is_domain(domain: &str) -> bool {
    domain.contains('.')
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}
