use crate::process::{DeadEffect, DroppedEffect};

/// What can be put on record. Nothing is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessCommand {
    /// An effect is tried again.
    RecordRetry(DeadEffect),
    /// An effect is given up for good; once.
    RecordDrop(DroppedEffect),
}
