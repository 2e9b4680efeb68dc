use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    aggregate::aggregate,
    process::{ProcessCommand, ProcessError, ProcessEvent},
};

/// What operators did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    retried: u64,
    /// Ids of effects.
    dropped: BTreeSet<String>,
}

aggregate!(Process, ProcessCommand, ProcessEvent, ProcessError);

impl Process {
    /// Id of the stream of the process `name`.
    #[must_use]
    pub fn stream_id(name: &str) -> String {
        format!("process_{name}")
    }

    /// How often effects were tried again.
    #[must_use]
    pub const fn retried(&self) -> u64 {
        self.retried
    }

    /// Whether the effect of this id was dropped.
    #[must_use]
    pub fn has_dropped(&self, effect_id: &str) -> bool {
        self.dropped.contains(effect_id)
    }

    pub(crate) fn evolve(&mut self, event: ProcessEvent) {
        match event {
            ProcessEvent::EffectRetried(_) => self.retried = self.retried.saturating_add(1),
            ProcessEvent::EffectDropped(dropped) => {
                self.dropped.insert(dropped.effect.effect_id);
            }
        }
    }
}
