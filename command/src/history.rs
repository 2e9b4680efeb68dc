//! Looking back into a stream, for answers to commands that changed nothing.

use cqrs_es::Aggregate;

use crate::core::Core;

/// When the stream's newest event happened, in microseconds since 1970; 0 when there is none.
pub(crate) async fn last_change_micros<A: Aggregate>(core: &Core, id: &str) -> Result<i64, eventstore::Error> {
    let events = core.store.log().stream(A::TYPE, id).await?;
    Ok(events.last().map_or(0, |event| event.occurred_at.timestamp_micros()))
}
