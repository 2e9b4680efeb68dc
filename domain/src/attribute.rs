//! Free attributes of a product: `colour` = `red`.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize, de};

use values::ValueError;

use crate::text::text;

/// Attributes by key, in the order of the keys.
pub type Attributes = BTreeMap<AttributeKey, AttributeValue>;

text! {
    /// The name of an attribute, `Größe` or `my key`: 1 to 64 characters in one line, case-sensitive. Spaces around it do not count.
    AttributeKey, values::ATTRIBUTE_KEY
}

text! {
    /// The text of an attribute: up to 1,000 characters, with line feeds and tabs, spaces at its ends kept. CR LF and CR become LF.
    AttributeText, values::ATTRIBUTE_TEXT
}

/// The value of an attribute, as the JSON value of the same type.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// A text.
    Text(AttributeText),
    /// A whole number.
    Integer(i64),
    /// A finite number of at most [`MAX_EXACT`](values::MAX_EXACT), of either sign.
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
        values::attribute_number(number).map(Self::Number)
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
