use registry::{Touched, fields};
use serde::{Deserialize, Serialize};

use crate::aggregate::events;

/// What operators did to a read model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadModelEvent {
    /// Parked events of a stream were applied after all.
    ParkedEventsRetried {
        /// Type of the stream's aggregate.
        aggregate_type: String,
        /// Id of the stream.
        aggregate_id: String,
        /// Events that went through.
        applied: u64,
        /// Events that are still parked.
        left: u64,
    },
    /// An event was taken out of the read model.
    ParkedEventSkipped(SkippedEvent),
}

/// An event that does not count in the read model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedEvent {
    /// Id of the event.
    pub event_id: String,
    /// Type of its aggregate.
    pub aggregate_type: String,
    /// Id of its stream.
    pub aggregate_id: String,
    /// Its lane.
    pub lane: u32,
    /// Its position in the lane.
    pub position: u64,
    /// Why it could not be applied.
    pub error: String,
    /// Why it was skipped, in the operator's words.
    pub reason: String,
}

events!(
    "projection",
    ReadModelEvent {
        ParkedEventsRetried: 1,
        ParkedEventSkipped: 1,
    }
);

impl ReadModelEvent {
    fn touched(&self) -> Touched {
        match self {
            Self::ParkedEventsRetried { .. } => fields(&["retried"]),
            Self::ParkedEventSkipped(_) => fields(&["skipped"]),
        }
    }
}
