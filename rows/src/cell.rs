//! What a field of a row is in PostgreSQL.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{Row as _, TypeInfo as _, ValueRef as _};

use crate::column_type::Type;
use crate::sink::Sink;
use crate::words::Word;

/// A value that is a column of a row.
pub trait Cell: Sized {
    /// The column's type.
    const TYPE: Type;
    /// Whether the column may be NULL.
    const NULLABLE: bool = false;

    /// Hands over the value, or NULL.
    fn put(value: Option<&Self>, sink: &mut impl Sink);

    /// Takes the value from this place of a row.
    fn get(row: &PgRow, at: usize) -> Result<Self, sqlx::Error>;
}

impl<C: Cell> Cell for Option<C> {
    const TYPE: Type = C::TYPE;
    const NULLABLE: bool = true;

    fn put(value: Option<&Self>, sink: &mut impl Sink) {
        C::put(value.and_then(Option::as_ref), sink);
    }

    fn get(row: &PgRow, at: usize) -> Result<Self, sqlx::Error> {
        if row.try_get_raw(at)?.is_null() {
            return Ok(None);
        }
        C::get(row, at).map(Some)
    }
}

impl Cell for String {
    const TYPE: Type = Type::Key;

    fn put(value: Option<&Self>, sink: &mut impl Sink) {
        sink.text(value.map(Self::as_str));
    }

    fn get(row: &PgRow, at: usize) -> Result<Self, sqlx::Error> {
        row.try_get(at)
    }
}

impl Cell for Vec<String> {
    const TYPE: Type = Type::Keys;

    fn put(value: Option<&Self>, sink: &mut impl Sink) {
        sink.texts(value.map(Self::as_slice));
    }

    fn get(row: &PgRow, at: usize) -> Result<Self, sqlx::Error> {
        row.try_get(at)
    }
}

impl Cell for i64 {
    const TYPE: Type = Type::BigInt;

    fn put(value: Option<&Self>, sink: &mut impl Sink) {
        sink.bigint(value.copied());
    }

    fn get(row: &PgRow, at: usize) -> Result<Self, sqlx::Error> {
        row.try_get(at)
    }
}

/// A number that is never negative.
impl Cell for u64 {
    const TYPE: Type = Type::BigInt;

    fn put(value: Option<&Self>, sink: &mut impl Sink) {
        sink.bigint(value.and_then(|number| i64::try_from(*number).ok()));
    }

    fn get(row: &PgRow, at: usize) -> Result<Self, sqlx::Error> {
        Self::try_from(row.try_get::<i64, _>(at)?).map_err(decode)
    }
}

impl Cell for DateTime<Utc> {
    const TYPE: Type = Type::Time;

    fn put(value: Option<&Self>, sink: &mut impl Sink) {
        sink.time(value.copied());
    }

    fn get(row: &PgRow, at: usize) -> Result<Self, sqlx::Error> {
        row.try_get(at)
    }
}

impl<W: Word> Cell for W {
    const TYPE: Type = Type::Key;

    fn put(value: Option<&Self>, sink: &mut impl Sink) {
        sink.text(value.map(|word| word.as_str()));
    }

    fn get(row: &PgRow, at: usize) -> Result<Self, sqlx::Error> {
        let word: &str = row.try_get(at)?;
        Self::parse(word).ok_or_else(|| sqlx::Error::Decode(format!("{word} is none of the words").into()))
    }
}

/// A code of a list that is kept elsewhere, such as a currency: any type that is shown as its text and parsed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code<T>(pub T);

impl<T: AsRef<str> + FromStr<Err: std::error::Error + Send + Sync + 'static>> Cell for Code<T> {
    const TYPE: Type = Type::Key;

    fn put(value: Option<&Self>, sink: &mut impl Sink) {
        sink.text(value.map(|Self(code)| code.as_ref()));
    }

    fn get(row: &PgRow, at: usize) -> Result<Self, sqlx::Error> {
        row.try_get::<&str, _>(at)?.parse().map(Self).map_err(decode)
    }
}

/// A JSON document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json<T>(pub T);

impl<T: Serialize + DeserializeOwned> Cell for Json<T> {
    const TYPE: Type = Type::Json;

    fn put(value: Option<&Self>, sink: &mut impl Sink) {
        // Texts, finite numbers, and lists and maps of them under texts: this cannot fail.
        let text = value.map(|Self(content)| serde_json::to_string(content).unwrap_or_default());
        sink.json(text.as_deref());
    }

    fn get(row: &PgRow, at: usize) -> Result<Self, sqlx::Error> {
        serde_json::from_slice(document(row, at)?).map(Self).map_err(decode)
    }
}

/// The text of a JSON document, whether it was selected as `jsonb` or as text.
pub(crate) fn document(row: &PgRow, at: usize) -> Result<&[u8], sqlx::Error> {
    let value = row.try_get_raw(at)?;
    let is_jsonb = value.type_info().name() == "JSONB";
    let bytes = value.as_bytes().map_err(sqlx::Error::Decode)?;
    // The version of the format comes first.
    Ok(if is_jsonb {
        bytes.get(1..).unwrap_or_default()
    } else {
        bytes
    })
}

pub(crate) fn decode(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}
