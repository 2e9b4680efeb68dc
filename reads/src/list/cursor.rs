//! Cursors as text.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{Column, Kind, Start, Value};
use crate::error::Error;
use crate::ranges::instant;

/// Which way a cursor leads from the row that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Direction {
    #[serde(rename = "n")]
    Next,
    #[serde(rename = "p")]
    Prev,
}

/// The place beside a row: the list's fingerprint, the direction, whether the row itself belongs to the page, and the row's
/// sort values, times as microseconds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Cursor(u64, Direction, bool, Vec<serde_json::Value>);

impl Cursor {
    pub(super) fn new(fingerprint: u64, direction: Direction, inclusive: bool, values: &[Value]) -> Self {
        let values = values.iter().map(|value| match value {
            Value::Null => serde_json::Value::Null,
            Value::Integer(number) => (*number).into(),
            Value::Text(text) => text.as_str().into(),
            Value::Time(time) => time.timestamp_micros().into(),
        });
        Self(fingerprint, direction, inclusive, values.collect())
    }

    pub(super) fn encode(&self) -> String {
        // Numbers, strings and nulls always serialize.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    pub(super) fn decode(text: &str) -> Result<Self, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        bytes
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or(Error::InvalidCursor(
                "the cursor must be one that a page of this list answered with",
            ))
    }

    /// The place in the list of `fingerprint`, whose order has `columns`.
    pub(super) fn into_start<R>(self, fingerprint: u64, columns: &[&Column<R>]) -> Result<Start, Error> {
        let Self(of, direction, inclusive, values) = self;
        let foreign =
            Error::InvalidCursor("the cursor belongs to another list, filter or sort; begin again without a cursor");
        if of != fingerprint || values.len() != columns.len() {
            return Err(foreign);
        }
        let values = columns
            .iter()
            .zip(values)
            .map(|(column, value)| typed(column, value))
            .collect::<Option<_>>()
            .ok_or(foreign)?;
        Ok(Start {
            direction,
            inclusive,
            values,
        })
    }
}

fn typed<R>(column: &Column<R>, value: serde_json::Value) -> Option<Value> {
    match (column.kind, value) {
        (_, serde_json::Value::Null) if column.nullable => Some(Value::Null),
        (Kind::Integer, serde_json::Value::Number(number)) => number.as_i64().map(Value::Integer),
        (Kind::Time, serde_json::Value::Number(number)) => number.as_i64().and_then(instant).map(Value::Time),
        (Kind::Text, serde_json::Value::String(text)) => Some(Value::Text(text)),
        _ => None,
    }
}

/// Tells lists, sorts and filters apart. The same in every process and version that means the same by them.
#[must_use]
pub fn fingerprint(list: &str, sort: &str, filter: &impl Serialize) -> u64 {
    let filter = serde_json::to_string(filter).unwrap_or_default();
    let parts = [list, sort, &filter];
    hash(parts.iter().flat_map(|part| part.bytes().chain([0])))
}

/// FNV-1a: the same in every process and version.
#[must_use]
pub fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
