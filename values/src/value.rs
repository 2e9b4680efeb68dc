//! Why a value was refused.

use std::{borrow::Cow, fmt};

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
    /// A list with more items than allowed.
    TooMany,
    /// A list that has something twice.
    Duplicate,
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
            Self::TooMany => "too_many",
            Self::Duplicate => "duplicate",
        }
    }
}

/// A value was refused. Names no field: who knows the field adds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    code: ValueCode,
    message: Cow<'static, str>,
}

impl ValueError {
    /// A mistake of this kind; `message` says what would be right.
    #[must_use]
    pub fn new(code: ValueCode, message: impl Into<Cow<'static, str>>) -> Self {
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

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.message)
    }
}

impl std::error::Error for ValueError {}
