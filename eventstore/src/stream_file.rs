//! One stream as a file, and its replay without a database.
//!
//! JSON Lines: a header, then the events in order, each with every column of the table. The payload and the metadata are the stored
//! texts, except that line breaks between JSON tokens become spaces.

use std::fmt;
use std::io::{BufRead, Write};

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::{Error, Loaded, Recorded, Upcasters, lane_of};

/// What the first line names itself.
const FORMAT: &str = "tillroll-stream";
/// The version of the format that is written, and the only one that is read.
const FORMAT_VERSION: u32 = 1;
/// Events read from the database at once.
const PAGE: i64 = 1_000;

/// The first line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamHeader {
    format: String,
    format_version: u32,
    /// Lanes of the store that it comes from.
    pub lanes: u32,
    /// The stream's lane there.
    pub lane: u32,
    /// The aggregate's type.
    pub aggregate_type: String,
    /// The aggregate's id.
    pub aggregate_id: String,
    /// How many events follow.
    pub events: u64,
}

/// Any other line: the columns of the table.
#[derive(Serialize, Deserialize)]
struct Line {
    aggregate_type: String,
    aggregate_id: String,
    sequence: u64,
    event_type: String,
    event_version: String,
    payload: Box<RawValue>,
    metadata: Box<RawValue>,
    lane: u32,
    position: u64,
    event_id: Uuid,
    recorded_at: DateTime<Utc>,
    occurred_at: DateTime<Utc>,
    actor: String,
    correlation_id: Uuid,
    causation_id: Option<Uuid>,
}

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

/// What is wrong with a file, and in which line.
#[derive(Debug)]
pub struct StreamFileError {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong there.
    pub problem: StreamFileProblem,
}

/// What can be wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum StreamFileProblem {
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The first line is no header.
    #[error("this is no exported stream: {0}")]
    NotAStream(String),
    /// A later version of the format.
    #[error("the format has version {0}, and only version {FORMAT_VERSION} can be read")]
    UnknownVersion(u32),
    /// A line is no event.
    #[error("this is no event: {0}")]
    NotAnEvent(serde_json::Error),
    /// An event of another stream.
    #[error("this event belongs to {found}, and the file is of {expected}")]
    Foreign {
        /// The stream of the file.
        expected: String,
        /// The stream of the event.
        found: String,
    },
    /// Events are missing.
    #[error("event {expected} is missing: this one is {found}")]
    Gap {
        /// The sequence that had to come.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// Events are out of order, or one comes twice.
    #[error("event {found} comes again or too late: event {expected} is next")]
    Disorder {
        /// The sequence that had to come.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// An event's place in the log cannot be right.
    #[error("{0}")]
    Misplaced(String),
    /// The file ends early.
    #[error("the file ends after {found} of {expected} events")]
    Incomplete {
        /// The events that the header promises.
        expected: u64,
        /// The events that there are.
        found: u64,
    },
    /// There is more than the header promises.
    #[error("the header promises {0} events and there are more")]
    Overlong(u64),
    /// An event cannot be understood by today's code.
    #[error("event {sequence} ({event_type}) cannot be understood: {reason}")]
    Undecodable {
        /// Its place in the stream.
        sequence: u64,
        /// Its type.
        event_type: String,
        /// Why.
        reason: String,
    },
    /// The file is of another aggregate type.
    #[error("the file is of type {found}, and {expected} was to be replayed")]
    OtherType {
        /// The type asked for.
        expected: String,
        /// The file's.
        found: String,
    },
}

impl fmt::Display for StreamFileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for StreamFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.problem)
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
        .bind(PAGE)
        .fetch_all(&mut *tx)
        .await?;
        for row in &rows {
            let line = line(row)?;
            at = line.sequence.cast_signed();
            write_line(out, &line)?;
        }
        if rows.len() < PAGE as usize {
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

/// Reads a file event by event, and sees to it that it is a whole stream, in order.
#[derive(Debug)]
pub struct StreamReader<R> {
    lines: std::io::Lines<R>,
    header: StreamHeader,
    upcasters: Upcasters,
    line: u64,
    sequence: u64,
    position: u64,
    ended: bool,
}

impl<R: BufRead> StreamReader<R> {
    /// Reads the header.
    pub fn open(file: R, upcasters: Upcasters) -> Result<Self, StreamFileError> {
        let mut lines = file.lines();
        let first = |problem| StreamFileError { line: 1, problem };
        let text = match lines.next() {
            Some(Ok(text)) => text,
            Some(Err(error)) => return Err(first(error.into())),
            None => return Err(first(StreamFileProblem::NotAStream("it is empty".to_owned()))),
        };
        let header: StreamHeader = serde_json::from_str(&text).map_err(|error| {
            first(StreamFileProblem::NotAStream(format!(
                "the header is not readable: {error}"
            )))
        })?;
        if header.format != FORMAT {
            let named = format!("it calls itself {:?}", header.format);
            return Err(first(StreamFileProblem::NotAStream(named)));
        }
        if header.format_version != FORMAT_VERSION {
            return Err(first(StreamFileProblem::UnknownVersion(header.format_version)));
        }
        if header.lane != lane_of(&header.aggregate_id, header.lanes) {
            let text = format!(
                "{} does not lie in lane {} of {}",
                header.aggregate_id, header.lane, header.lanes
            );
            return Err(first(StreamFileProblem::Misplaced(text)));
        }
        Ok(Self {
            lines,
            header,
            upcasters,
            line: 1,
            sequence: 0,
            position: 0,
            ended: false,
        })
    }

    /// What the file is of.
    pub fn header(&self) -> &StreamHeader {
        &self.header
    }

    fn read(&mut self) -> Result<Option<Recorded>, StreamFileProblem> {
        self.line += 1;
        let Some(text) = self.lines.next().transpose()? else {
            if self.sequence < self.header.events {
                return Err(StreamFileProblem::Incomplete {
                    expected: self.header.events,
                    found: self.sequence,
                });
            }
            return Ok(None);
        };
        let line: Line = serde_json::from_str(&text).map_err(StreamFileProblem::NotAnEvent)?;
        self.check(&line)?;
        self.sequence = line.sequence;
        self.position = line.position;
        Ok(Some(self.recorded(line)))
    }

    fn check(&self, line: &Line) -> Result<(), StreamFileProblem> {
        let header = &self.header;
        if (&line.aggregate_type, &line.aggregate_id) != (&header.aggregate_type, &header.aggregate_id) {
            return Err(StreamFileProblem::Foreign {
                expected: format!("{}/{}", header.aggregate_type, header.aggregate_id),
                found: format!("{}/{}", line.aggregate_type, line.aggregate_id),
            });
        }
        let (expected, found) = (self.sequence + 1, line.sequence);
        if found > expected {
            return Err(StreamFileProblem::Gap { expected, found });
        }
        if found < expected {
            return Err(StreamFileProblem::Disorder { expected, found });
        }
        if found > header.events {
            return Err(StreamFileProblem::Overlong(header.events));
        }
        if line.lane != header.lane {
            let text = format!(
                "event {found} lies in lane {}, and the stream in {}",
                line.lane, header.lane
            );
            return Err(StreamFileProblem::Misplaced(text));
        }
        if line.position <= self.position {
            let text = format!(
                "event {found} has position {}, and the one before it {}",
                line.position, self.position
            );
            return Err(StreamFileProblem::Misplaced(text));
        }
        Ok(())
    }

    fn recorded(&self, line: Line) -> Recorded {
        let request_id = serde_json::from_str::<serde_json::Value>(line.metadata.get())
            .ok()
            .and_then(|metadata| Some(metadata.get("request_id")?.as_str()?.to_owned()));
        Recorded {
            lane: line.lane,
            position: line.position,
            event_id: line.event_id,
            aggregate_type: line.aggregate_type.into(),
            aggregate_id: line.aggregate_id.into(),
            sequence: line.sequence,
            event_type: line.event_type.into(),
            event_version: line.event_version.into(),
            payload: line.payload.get().into(),
            metadata: line.metadata.get().into(),
            actor: line.actor.into(),
            correlation_id: line.correlation_id,
            causation_id: line.causation_id,
            request_id: request_id.unwrap_or_default().into(),
            recorded_at: line.recorded_at,
            occurred_at: line.occurred_at,
            upcasters: self.upcasters.clone(),
        }
    }

    /// Folds the events into the aggregate; `each` sees every event with the state after it.
    pub fn replay<A: Aggregate>(mut self, mut each: impl FnMut(&Recorded, &A)) -> Result<Loaded<A>, StreamFileError> {
        if self.header.aggregate_type != A::TYPE {
            return Err(StreamFileError {
                line: 1,
                problem: StreamFileProblem::OtherType {
                    expected: A::TYPE.to_owned(),
                    found: self.header.aggregate_type,
                },
            });
        }
        let mut loaded = Loaded {
            aggregate: A::default(),
            version: 0,
        };
        while let Some(event) = self.next() {
            let event = event?;
            let decoded = event.decode().map_err(|error| StreamFileError {
                line: self.line,
                problem: StreamFileProblem::Undecodable {
                    sequence: event.sequence,
                    event_type: event.event_type.to_string(),
                    reason: std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string),
                },
            })?;
            loaded.aggregate.apply(decoded);
            loaded.version = event.sequence;
            each(&event, &loaded.aggregate);
        }
        Ok(loaded)
    }
}

impl<R: BufRead> Iterator for StreamReader<R> {
    type Item = Result<Recorded, StreamFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.read() {
            Ok(Some(event)) => Some(Ok(event)),
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(problem) => {
                self.ended = true;
                Some(Err(StreamFileError {
                    line: self.line,
                    problem,
                }))
            }
        }
    }
}
