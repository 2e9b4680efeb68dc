use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use crate::{
    aggregate::aggregate,
    projection::{ReadModelCommand, ReadModelEvent},
};

/// How much operators had to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadModel {
    retried: u64,
    skipped: u64,
}

aggregate!(ReadModel, "projection", ReadModelCommand, ReadModelEvent, Infallible);

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

    /// Events that were skipped.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    pub(crate) fn evolve(&mut self, event: ReadModelEvent) {
        match event {
            ReadModelEvent::ParkedEventsRetried { applied, .. } => self.retried = self.retried.saturating_add(applied),
            ReadModelEvent::ParkedEventSkipped(_) => self.skipped = self.skipped.saturating_add(1),
        }
    }
}
