//! An event as readers of the log see it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use registry::{Event, Stored, decode};
use uuid::Uuid;

use crate::Error;

/// A stored event with its place in the log and all that is known about it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The lane of the stream.
    pub lane: u32,
    /// The place within the lane: 1, 2, 3, ... without gaps.
    pub position: u64,
    /// Unique; derived from the command's id and the event's index in it.
    pub event_id: Uuid,
    /// `Aggregate::TYPE`.
    pub aggregate_type: Arc<str>,
    /// The aggregate's id.
    pub aggregate_id: Arc<str>,
    /// The place within the stream: 1, 2, 3, ... without gaps.
    pub sequence: u64,
    /// `DomainEvent::event_type`.
    pub event_type: Arc<str>,
    /// `DomainEvent::event_version` at the time of writing.
    pub event_version: Arc<str>,
    /// The event as JSON text, as it was written (before any upcaster).
    pub payload: Arc<str>,
    /// The table's `metadata`: a flat JSON map of strings, `request_id` included.
    pub metadata: Arc<str>,
    /// Who acted.
    pub actor: Arc<str>,
    /// Shared by everything that follows from one first cause.
    pub correlation_id: Uuid,
    /// What caused the command, if known.
    pub causation_id: Option<Uuid>,
    /// The request at the edge.
    pub request_id: Arc<str>,
    /// When it was stored, by the database's clock.
    pub recorded_at: DateTime<Utc>,
    /// When it happened in the business: what the command said, else what the clock said.
    pub occurred_at: DateTime<Utc>,
}

impl Recorded {
    /// What is needed to decode it.
    #[must_use]
    pub fn stored(&self) -> Stored<'_> {
        Stored {
            event_type: &self.event_type,
            event_version: &self.event_version,
            payload: &self.payload,
        }
    }

    /// The event in today's shape: one of an older version is upcast first, as is registered for `E`.
    ///
    /// # Errors
    /// [`Error::Decode`] when the version is not known or the payload is no `E`.
    pub fn decode<E: Event>(&self) -> Result<E, Error> {
        decode(&self.stored()).map_err(|error| {
            let Self {
                aggregate_type,
                aggregate_id,
                sequence,
                event_type,
                ..
            } = self;
            Error::decode(
                format!("{event_type} at {aggregate_type}/{aggregate_id}@{sequence}"),
                &error,
            )
        })
    }
}
