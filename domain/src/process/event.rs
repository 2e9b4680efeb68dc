use registry::{Touched, fields};
use serde::{Deserialize, Serialize};

use crate::aggregate::events;

/// What operators did to a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProcessEvent {
    /// An effect that had been given up is tried again.
    EffectRetried(DeadEffect),
    /// An effect that had been given up is dropped: it never takes place.
    EffectDropped(DroppedEffect),
}

/// An effect that could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadEffect {
    /// Its id.
    pub effect_id: String,
    /// Its kind.
    pub kind: String,
    /// The instance of the process.
    pub key: String,
    /// As the process calls it.
    pub step: String,
    /// Why it could not be delivered.
    pub error: String,
}

/// An effect that never takes place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedEffect {
    /// Which.
    #[serde(flatten)]
    pub effect: DeadEffect,
    /// Why it was dropped, in the operator's words.
    pub reason: String,
}

events!(
    "process",
    ProcessEvent {
        EffectRetried: 1,
        EffectDropped: 1,
    }
);

impl ProcessEvent {
    fn touched(&self) -> Touched {
        match self {
            Self::EffectRetried(_) => fields(&["retried"]),
            Self::EffectDropped(_) => fields(&["dropped"]),
        }
    }
}
