//! What a command brought about.

use uuid::Uuid;

use crate::{Positions, StreamKey};

/// The durable outcome of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed<T> {
    /// What the decision returned.
    pub value: T,
    /// Whether this is the stored outcome of another run with the same idempotency key; not when this run's own commit was found stored
    /// after its answer was lost.
    pub replayed: bool,
    /// The id from which the ids of the events were derived; nil when replayed.
    pub command_id: Uuid,
    /// The streams written and their new versions.
    pub versions: Vec<(StreamKey, u64)>,
    /// The highest position written per lane, ascending lanes. When nothing had to be written, the heads of the planned streams' lanes.
    pub positions: Vec<(u32, u64)>,
}

impl<T> Committed<T> {
    /// The positions as a consistency token.
    #[must_use]
    pub fn token(&self) -> Positions {
        self.positions.iter().copied().collect()
    }

    /// The new version of the stream of aggregate `aggregate_id`; `None` when the command did not write it.
    #[must_use]
    pub fn version_of(&self, aggregate_type: &str, aggregate_id: &str) -> Option<u64> {
        let written =
            |(key, _): &&(StreamKey, u64)| *key.aggregate_type == *aggregate_type && *key.aggregate_id == *aggregate_id;
        self.versions.iter().find(written).map(|(_, version)| *version)
    }

    /// The same outcome with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Committed<U> {
        let Self {
            value,
            replayed,
            command_id,
            versions,
            positions,
        } = self;
        Committed {
            value: f(value),
            replayed,
            command_id,
            versions,
            positions,
        }
    }
}
