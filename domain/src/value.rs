//! Why a value was refused.

use std::borrow::Cow;

/// The kind of mistake in a value; stable, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueCode {
    /// Nothing was given where something is needed.
    Required,
    /// Longer than allowed.
    TooLong,
    /// Contains a character that is not allowed.
    InvalidCharacter,
    /// Does not have the shape of its kind.
    InvalidFormat,
    /// A number that is too small, too large or not finite.
    OutOfRange,
    /// Not in the list of known codes.
    Unknown,
}

impl ValueCode {
    /// The code as programs see it, in `snake_case`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooLong => "too_long",
            Self::InvalidCharacter => "invalid_character",
            Self::InvalidFormat => "invalid_format",
            Self::OutOfRange => "out_of_range",
            Self::Unknown => "unknown",
        }
    }
}

/// A value was refused. Names no field: who knows the field adds it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    code: ValueCode,
    message: Cow<'static, str>,
}

impl ValueError {
    pub(crate) fn new(code: ValueCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The kind of mistake.
    #[must_use]
    pub const fn code(&self) -> ValueCode {
        self.code
    }

    /// For people: what would be right.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}
