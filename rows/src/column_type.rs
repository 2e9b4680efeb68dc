//! The types of columns.

/// A column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// An id, a code, a key: compared byte by byte.
    Key,
    /// Text for people, in the database's collation.
    Text,
    /// A list of keys.
    Keys,
    /// 64 bits.
    BigInt,
    /// 32 bits.
    Int,
    /// A UUID.
    Uuid,
    /// A moment.
    Time,
    /// A JSON document.
    Json,
}

impl Type {
    pub(crate) const fn sql(self) -> &'static str {
        match self {
            Self::Key => "text COLLATE \"C\"",
            Self::Text => "text",
            Self::Keys => "text[] COLLATE \"C\"",
            Self::BigInt => "bigint",
            Self::Int => "integer",
            Self::Uuid => "uuid",
            Self::Time => "timestamptz",
            Self::Json => "jsonb",
        }
    }

    /// The type that an array parameter of this column's values has.
    pub(crate) const fn parameter(self) -> &'static str {
        match self {
            Self::Key | Self::Text | Self::Keys | Self::Json => "text",
            Self::BigInt => "bigint",
            Self::Int => "integer",
            Self::Uuid => "uuid",
            Self::Time => "timestamptz",
        }
    }
}
