//! Free attributes of a product: `colour` = `red`.

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{
    text::{optional_line, text, text_traits},
    value::{ValueCode, ValueError},
};

/// The most attributes that a product can have.
pub const MAX_ATTRIBUTES: usize = 250;

/// Attributes by key, in the order of the keys.
pub type Attributes = BTreeMap<AttributeKey, AttributeValue>;

/// The name of an attribute: 1 to 64 ASCII letters, digits, `_`, `-` and `.`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeKey(Arc<str>);

impl AttributeKey {
    /// Longest allowed, in characters.
    pub const MAX_CHARS: usize = 64;

    /// Checks and takes a key.
    pub fn new(text: impl AsRef<str>) -> Result<Self, ValueError> {
        let text = text.as_ref();
        if text.is_empty() {
            return Err(ValueError::new(
                ValueCode::Required,
                "an attribute key has 1 to 64 characters",
            ));
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        {
            return Err(ValueError::new(
                ValueCode::InvalidCharacter,
                "an attribute key consists of ASCII letters, digits, _, - and .",
            ));
        }
        if text.len() > Self::MAX_CHARS {
            return Err(ValueError::new(
                ValueCode::TooLong,
                "an attribute key has at most 64 characters",
            ));
        }
        Ok(Self(text.into()))
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_traits!(AttributeKey);

text! {
    /// The text of an attribute: up to 1,000 characters in one line, spaces at its ends kept.
    AttributeText, "an attribute value", 1_000, optional_line, values::paragraph
}

/// The value of an attribute, as the JSON value of the same type.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// A text.
    Text(AttributeText),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
}

impl AttributeValue {
    /// Checks and takes a text.
    pub fn text(text: impl AsRef<str>) -> Result<Self, ValueError> {
        AttributeText::new(text).map(Self::Text)
    }

    /// Checks and takes a number.
    pub fn number(number: f64) -> Result<Self, ValueError> {
        if number.is_finite() {
            Ok(Self::Number(number))
        } else {
            Err(ValueError::new(
                ValueCode::OutOfRange,
                "an attribute value is a finite number",
            ))
        }
    }

    /// Takes a whole number.
    #[must_use]
    pub const fn integer(integer: i64) -> Self {
        Self::Integer(integer)
    }

    /// Takes yes or no.
    #[must_use]
    pub const fn boolean(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }

    /// Checks a number that was built from its variant and not by the constructor.
    pub(crate) fn check(&self) -> Result<(), ValueError> {
        match self {
            Self::Number(number) => Self::number(*number).map(drop),
            Self::Text(_) | Self::Integer(_) | Self::Boolean(_) => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for AttributeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AttributeVisitor)
    }
}

struct AttributeVisitor;

impl de::Visitor<'_> for AttributeVisitor {
    type Value = AttributeValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number or a boolean")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(AttributeValue::Boolean(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(AttributeValue::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        i64::try_from(value)
            .map(AttributeValue::Integer)
            .map_err(|_| E::custom("an integer attribute fits 64 bits with sign"))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(AttributeValue::Number(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(AttributeValue::Text(AttributeText(value.into())))
    }
}

impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: Cow<'_, str> = match self {
            Self::Text(text) => Cow::Borrowed(text.as_str()),
            Self::Integer(integer) => integer.to_string().into(),
            Self::Number(number) => number.to_string().into(),
            Self::Boolean(boolean) => boolean.to_string().into(),
        };
        f.pad(&text)
    }
}
