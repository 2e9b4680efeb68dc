use crate::projection::SkippedEvent;

/// What can be put on record. By then it has happened, so nothing is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadModelCommand {
    /// Parked events of a stream were applied again. Without any that went through, there is nothing to record.
    RecordRetry {
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
    RecordSkip(SkippedEvent),
}
