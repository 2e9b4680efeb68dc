//! From the table to the file.

use std::io::Write;

use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};

use super::{FORMAT, FORMAT_VERSION, Line, StreamHeader};
use crate::{Error, lane_of};

/// Events read from the database at once.
const PAGE: u16 = 1_000;

/// Why a stream could not be written to a file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no such stream.
    #[error("there is no stream {0}")]
    NotFound(String),
    /// The database refused or could not be reached.
    #[error(transparent)]
    Store(#[from] Error),
    /// The file could not be written.
    #[error("the file cannot be written")]
    Io(#[from] std::io::Error),
}

impl From<sqlx::Error> for ExportError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Writes a stream as it is at this moment; returns the number of events.
pub async fn export_stream(
    pool: &PgPool,
    aggregate_type: &str,
    aggregate_id: &str,
    out: &mut (impl Write + Send),
) -> Result<u64, ExportError> {
    let mut tx = pool.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .execute(&mut *tx)
        .await?;
    let lanes: i64 = sqlx::query_scalar("SELECT count(*) FROM lanes")
        .fetch_one(&mut *tx)
        .await?;
    let lanes = u32::try_from(lanes).unwrap_or_default();
    let events: i64 = sqlx::query_scalar(
        "SELECT coalesce(max(sequence), 0) FROM events WHERE aggregate_type = $1 AND aggregate_id = $2",
    )
    .bind(aggregate_type)
    .bind(aggregate_id)
    .fetch_one(&mut *tx)
    .await?;
    if events == 0 {
        return Err(ExportError::NotFound(format!("{aggregate_type}/{aggregate_id}")));
    }
    let header = StreamHeader {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        lanes,
        lane: lane_of(aggregate_id, lanes),
        aggregate_type: aggregate_type.to_owned(),
        aggregate_id: aggregate_id.to_owned(),
        events: events.unsigned_abs(),
    };
    write_line(out, &header)?;
    let mut at = 0;
    loop {
        let rows = sqlx::query(
            "SELECT aggregate_type, aggregate_id, sequence, event_type, event_version, payload::text AS payload,
                    metadata::text AS metadata, lane, position, event_id, recorded_at, occurred_at, actor, correlation_id,
                    causation_id
             FROM events WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3 ORDER BY sequence LIMIT $4",
        )
        .bind(aggregate_type)
        .bind(aggregate_id)
        .bind(at)
        .bind(i64::from(PAGE))
        .fetch_all(&mut *tx)
        .await?;
        for row in &rows {
            let line = line(row)?;
            at = line.sequence.cast_signed();
            write_line(out, &line)?;
        }
        if rows.len() < usize::from(PAGE) {
            break;
        }
    }
    out.flush()?;
    tx.rollback().await?;
    Ok(header.events)
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> Result<(), std::io::Error> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

fn line(row: &PgRow) -> Result<Line, sqlx::Error> {
    let raw = |column: &str| {
        let text: &str = row.try_get(column)?;
        // Within strings they are escaped, so these stand between tokens.
        let text = text.replace(['\n', '\r'], " ");
        RawValue::from_string(text).map_err(|error| sqlx::Error::Decode(error.into()))
    };
    Ok(Line {
        aggregate_type: row.try_get("aggregate_type")?,
        aggregate_id: row.try_get("aggregate_id")?,
        sequence: row.try_get::<i64, _>("sequence")?.cast_unsigned(),
        event_type: row.try_get("event_type")?,
        event_version: row.try_get("event_version")?,
        payload: raw("payload")?,
        metadata: raw("metadata")?,
        lane: row.try_get::<i32, _>("lane")?.cast_unsigned(),
        position: row.try_get::<i64, _>("position")?.cast_unsigned(),
        event_id: row.try_get("event_id")?,
        recorded_at: row.try_get("recorded_at")?,
        occurred_at: row.try_get("occurred_at")?,
        actor: row.try_get("actor")?,
        correlation_id: row.try_get("correlation_id")?,
        causation_id: row.try_get("causation_id")?,
    })
}
