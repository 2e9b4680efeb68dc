//! Currencies of ISO 4217.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ValueError;

/// The code of a currency: three upper-case letters of ISO 4217.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Pound sterling.
    pub const GBP: Self = Self(*b"GBP");
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");
    /// US dollar.
    pub const USD: Self = Self(*b"USD");

    /// Checks and takes a code, upper case.
    pub fn new(code: &str) -> Result<Self, ValueError> {
        let code = values::CURRENCY.check(code)?;
        let mut letters = [0; 3];
        letters.copy_from_slice(code.as_bytes());
        Ok(Self(letters))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII letters get in, so this is never the empty text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// How many digits of an amount are behind the decimal point: 2 for GBP, 0 for JPY.
    #[must_use]
    pub fn exponent(self) -> u8 {
        values::minor_digits(self.as_str()).unwrap_or(2)
    }

    fn of_shape(code: &str) -> Option<Self> {
        let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Self(letters))
    }
}

impl FromStr for Currency {
    type Err = ValueError;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::new(code)
    }
}

impl AsRef<str> for Currency {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Currency;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("three upper-case letters")
            }

            fn visit_str<E: de::Error>(self, code: &str) -> Result<Self::Value, E> {
                Currency::of_shape(code).ok_or_else(|| E::invalid_value(de::Unexpected::Str(code), &self))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}
