use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    aggregate::aggregate,
    projection::{ReadModelCommand, ReadModelError, ReadModelEvent},
};

/// What operators did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadModel {
    retried: u64,
    /// Ids of events.
    skipped: BTreeSet<String>,
}

aggregate!(ReadModel, ReadModelCommand, ReadModelEvent, ReadModelError);

impl ReadModel {
    /// Id of the stream of the read model `name`.
    #[must_use]
    pub fn stream_id(name: &str) -> String {
        format!("projection_{name}")
    }

    /// Events that went through when they were tried again.
    #[must_use]
    pub const fn retried(&self) -> u64 {
        self.retried
    }

    /// Whether the event of this id was skipped.
    #[must_use]
    pub fn has_skipped(&self, event_id: &str) -> bool {
        self.skipped.contains(event_id)
    }

    pub(crate) fn evolve(&mut self, event: ReadModelEvent) {
        match event {
            ReadModelEvent::ParkedEventsRetried { applied, .. } => self.retried = self.retried.saturating_add(applied),
            ReadModelEvent::ParkedEventSkipped(skipped) => {
                self.skipped.insert(skipped.event_id);
            }
        }
    }
}
