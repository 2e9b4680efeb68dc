//! Retrying and skipping parked events, on record.

use domain::{
    Reason,
    projection::{ReadModelCommand, SkippedEvent},
};
use projections::{ParkedId, Retried, Skip};
use proto::failure::Failure;
use proto::v1;

use super::record::record;
use super::{Operations, failure, invalid, micros, not_parked};

pub(super) async fn retry(
    operations: &Operations,
    request: v1::RetryParkedRequest,
) -> Result<v1::RetryParkedReply, Failure> {
    let (_, plan) = operations.plan("retry_parked_event", request.context)?;
    let id: ParkedId = request.id.parse().map_err(|_| not_parked())?;
    let retried = projections::retry(&operations.pool, &operations.store.log(), &id)
        .await
        .map_err(failure)?;
    let command = ReadModelCommand::RecordRetry {
        aggregate_type: retried.aggregate_type.clone(),
        aggregate_id: retried.aggregate_id.clone(),
        applied: retried.applied,
        left: retried.left,
    };
    let consistency_token = record(&operations.store, plan, &id, command).await?;
    Ok(v1::RetryParkedReply {
        result: Some(message(retried)),
        consistency_token,
    })
}

pub(super) async fn skip(
    operations: &Operations,
    request: v1::SkipParkedRequest,
) -> Result<v1::SkipParkedReply, Failure> {
    let (actor, plan) = operations.plan("skip_parked_event", request.context)?;
    let reason = Reason::new(&request.reason).map_err(|error| invalid("reason", &error))?;
    let reason = reason.as_str();
    let id: ParkedId = request.id.parse().map_err(|_| not_parked())?;
    let by = Skip { actor: &actor, reason };
    let skipped = projections::skip(&operations.pool, &operations.store.log(), &id, by)
        .await
        .map_err(failure)?;
    // On record once, also when it had been done before and the answer got lost on its way.
    let event_id = skipped.event_id.to_string();
    let command = ReadModelCommand::RecordSkip(SkippedEvent {
        event_id: event_id.clone(),
        aggregate_type: skipped.rest.aggregate_type.clone(),
        aggregate_id: skipped.rest.aggregate_id.clone(),
        lane: id.lane,
        position: id.position,
        error: skipped.error,
        reason: skipped.reason.clone(),
    });
    let consistency_token = record(&operations.store, plan, &id, command).await?;
    Ok(v1::SkipParkedReply {
        event_id,
        skip: Some(v1::Skip {
            actor: skipped.actor,
            reason: skipped.reason,
            at_micros: micros(skipped.at),
        }),
        rest: Some(message(skipped.rest)),
        consistency_token,
    })
}

fn message(retried: Retried) -> v1::Retried {
    v1::Retried {
        aggregate_type: retried.aggregate_type,
        aggregate_id: retried.aggregate_id,
        applied: retried.applied,
        left: retried.left,
        error: retried.error.unwrap_or_default(),
    }
}
