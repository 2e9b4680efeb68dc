//! Looking back: what a read model showed at any moment, and what any event changed.
//!
//! A stream is folded by the read model's own code, up to the event in question. Long streams are not folded from their beginning each
//! time: the reader that folds a stretch leaves a snapshot behind every [`EVERY`] events, and the next one begins at the nearest. A moment is a
//! position in the lane of the stream, and times are turned into one; both are found by binary search.

mod changes;
mod columns;
mod facts;
mod fields;
mod fold;
mod folding;
mod moment;
mod read;
mod rows;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use eventstore::Positions;
use serde_json::Value;
use sqlx::PgPool;
use tokio::sync::OnceCell;

use fold::folding;
use read::StreamRef;

/// Events between two snapshots of a stream.
pub(crate) const EVERY: u64 = 256;

/// Reads the past. Cheap to clone.
#[derive(Clone)]
pub struct History {
    pool: PgPool,
    lanes: Arc<OnceCell<u32>>,
    folded: Arc<AtomicU64>,
}

/// A moment as people name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// What had been recorded until then, this instant included.
    Time(DateTime<Utc>),
    /// In these lanes up to these positions; in the others what had been recorded when the newest event that they name was.
    Positions(Positions),
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
#[derive(Clone, Debug, PartialEq)]
pub enum Past {
    /// There is no such stream to this day, or none that is ever shown.
    Nothing,
    /// It began later.
    NotYet,
    /// The row that the read model showed: a JSON object with a member for each column.
    Row(String),
}

/// A stream's event.
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
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The field, as the API calls it; `attributes.<key>` for a product's attribute.
    pub field: String,
    /// Its value before; null: none.
    pub before: Value,
    /// Its value since; null: none.
    pub after: Value,
}

/// Why the past was not read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The time has not come yet, by the database's clock.
    #[error("the time lies in the future")]
    Future,
    /// The log has no such position, or not yet.
    #[error("the log has no such position")]
    NoSuchPosition,
    /// PostgreSQL refused or could not be reached.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl History {
    /// Reads from `pool`, and writes snapshots to it.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            lanes: Arc::default(),
            folded: Arc::default(),
        }
    }

    /// What the read model showed of a stream of this type (`product`, `stock`, `order` or `user`) at a moment of its lane.
    pub async fn row(&self, aggregate_type: &str, id: &str, moment: &Moment) -> Result<Past, HistoryError> {
        let Some(folding) = folding(aggregate_type) else {
            return Ok(Past::Nothing);
        };
        let stream = StreamRef {
            aggregate_type,
            aggregate_id: id,
            lane: moment.lane,
            folding,
        };
        let (until, last) = self.sequence_at(&stream, moment.position).await?;
        if last == 0 {
            return Ok(Past::Nothing);
        }
        if until == 0 {
            return Ok(Past::NotYet);
        }
        let state = self.state_at(&stream, until).await?;
        Ok(match state.row() {
            Some(row) => Past::Row(Value::Object(row).to_string()),
            None => Past::Nothing,
        })
    }

    /// How many events have been read and folded so far, for finding out what a look into the past costs.
    #[must_use]
    pub fn events_folded(&self) -> u64 {
        self.folded.load(Ordering::Relaxed)
    }

    pub(crate) async fn lane_of(&self, id: &str) -> Result<u32, sqlx::Error> {
        Ok(eventstore::lane_of(id, self.lane_count().await?))
    }

    async fn lane_count(&self) -> Result<u32, sqlx::Error> {
        let count = async || {
            let count: i64 = sqlx::query_scalar("SELECT count(*) FROM lanes")
                .fetch_one(&self.pool)
                .await?;
            Ok(u32::try_from(count).unwrap_or_default())
        };
        self.lanes.get_or_try_init(count).await.copied()
    }
}

impl fmt::Debug for History {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("History").finish_non_exhaustive()
    }
}
