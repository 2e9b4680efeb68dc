//! E-mail addresses.

use crate::text::text;

text! {
    /// An e-mail address, lower-cased, so that it is one identity however it was typed. At most 254
    /// characters; ASCII only, other domains in Punycode.
    EmailAddress, values::EMAIL_ADDRESS
}

impl EmailAddress {
    /// The stream that says which user has this address: `email_<address>`.
    #[must_use]
    pub fn stream_id(&self) -> String {
        format!("email_{}", self.as_str())
    }
}
