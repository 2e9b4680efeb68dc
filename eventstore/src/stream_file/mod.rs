//! One stream as a file, and its replay without a database.
//!
//! JSON Lines: a header, then the events in order, each with every column of the table. The payload and the metadata are the stored
//! texts, except that line breaks between JSON tokens become spaces.

mod export;
mod problem;
mod reader;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

pub use export::{ExportError, export_stream};
pub use problem::{StreamFileError, StreamFileProblem};
pub use reader::StreamReader;

/// What the first line names itself.
const FORMAT: &str = "tillroll-stream";
/// The version of the format that is written, and the only one that is read.
const FORMAT_VERSION: u32 = 1;
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
    #[serde(serialize_with = "micros")]
    recorded_at: DateTime<Utc>,
    #[serde(serialize_with = "micros")]
    occurred_at: DateTime<Utc>,
    actor: String,
    correlation_id: Uuid,
    causation_id: Option<Uuid>,
}

/// With as many digits as the table keeps, so that times sort as text.
fn micros<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
}
