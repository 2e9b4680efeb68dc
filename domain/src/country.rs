//! Countries.

use std::fmt;

use crate::{ValueError, text::text};

text! {
    /// A country as an order names it: 1 to 64 characters. An order that is placed here has the code of
    /// ISO 3166-1 ([`CountryCode`]); imported history has whatever the other system called it.
    Country, values::COUNTRY
}

/// A country by its code of ISO 3166-1 alpha-2, upper case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryCode(&'static str);

impl CountryCode {
    /// Checks and takes a code, upper case.
    pub fn new(code: &str) -> Result<Self, ValueError> {
        values::country_code(code).map(Self)
    }

    /// The code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl From<CountryCode> for Country {
    fn from(code: CountryCode) -> Self {
        Self(code.as_str().into())
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
