//! What the read services need of the log's past. They may not fold events themselves; the
//! composition passes an implementation.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::error::Error;

/// Looks into the past of the read models.
#[tonic::async_trait]
pub trait History: fmt::Debug + Send + Sync {
    /// Where a moment is in the lane of the stream with this id.
    async fn moment(&self, id: &str, at: &At) -> Result<Moment, HistoryError>;

    /// What the read model showed of the stream of this aggregate type (`product`, `stock`, `order` or `user`) at that moment.
    async fn row(&self, aggregate_type: &str, id: &str, moment: &Moment) -> Result<Past, HistoryError>;

    /// All types of aggregates, each with the types of its events.
    fn events(&self) -> Vec<(&'static str, Vec<&'static str>)>;

    /// What each of the events changed, in their order.
    async fn changes(&self, events: &[Place]) -> Result<Vec<Vec<Change>>, HistoryError>;
}

/// A moment as clients name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// A time.
    Time(DateTime<Utc>),
    /// Positions of some lanes.
    Positions(Vec<(u32, u64)>),
}

/// A moment as a place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The lane.
    pub lane: u32,
    /// The last position that had been written; 0: none.
    pub position: u64,
    /// The time asked for, or that of the event at the position.
    pub time: Option<DateTime<Utc>>,
}

/// What a stream was at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Past {
    /// There is no such stream to this day.
    Nothing,
    /// It began later.
    NotYet,
    /// The row of the read model, as a JSON object with a member for each column.
    Row(String),
}

/// An event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The aggregate's type.
    pub aggregate_type: String,
    /// The aggregate's id.
    pub aggregate_id: String,
    /// The event's place within the stream.
    pub sequence: u64,
}

/// A field before and after an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The field's name.
    pub field: String,
    /// JSON.
    pub before: String,
    /// JSON.
    pub after: String,
}

/// Why the past was not read.
#[derive(Debug)]
pub enum HistoryError {
    /// The time has not come yet.
    Future,
    /// The log has no such position.
    NoSuchPosition,
    /// The database refused or did not answer.
    Database(sqlx::Error),
}

impl From<HistoryError> for Error {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Future => Self::invalid("as_of", "out_of_range", "must not lie in the future"),
            HistoryError::NoSuchPosition => {
                Self::invalid("as_of", "out_of_range", "the log has no such position, or not yet")
            }
            HistoryError::Database(error) => Self::Database(error),
        }
    }
}
