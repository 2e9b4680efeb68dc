//! An event with what people want to know of it.

use proto::v1;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::view::{EventMetadata, EventView};

/// An event, who made it, why, and what it changed.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct EntryView {
    event_id: String,
    #[schema(example = "order")]
    aggregate_type: String,
    #[schema(example = "ord_0198c0de-0000-7000-8000-000000000001")]
    aggregate_id: String,
    /// Place within the aggregate, from 1 on without gaps.
    sequence: u64,
    #[schema(example = "OrderPlaced")]
    event_type: String,
    #[schema(example = "1.0")]
    event_version: String,
    /// The event's own data, under its type.
    #[schema(value_type = serde_json::Value)]
    payload: Box<RawValue>,
    metadata: EventMetadata,
    /// Part of the log.
    lane: u32,
    /// Place within the lane.
    position: u64,
    /// When it was written down.
    recorded_at: String,
    /// When it happened.
    occurred_at: String,
    actor: ActorView,
    /// Why: as the request's `Audit-Reason` said, or as the event itself says.
    #[schema(required)]
    reason: Option<String>,
    /// What was different after the event.
    changes: Vec<ChangeView>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Actor)]
pub(crate) struct ActorView {
    /// A user's id, or `system:<process>`.
    #[schema(example = "usr_0198c0de-0000-7000-8000-000000000001")]
    id: String,
    /// `user` or `system`.
    #[schema(example = "user")]
    kind: &'static str,
    /// Null for parts of the system, and for users that are not known.
    #[schema(required)]
    email: Option<String>,
    #[schema(required)]
    name: Option<String>,
}

/// A field before and after an event.
#[derive(Serialize, ToSchema)]
#[schema(as = FieldChange)]
pub(crate) struct ChangeView {
    #[schema(example = "attributes.colour")]
    field: String,
    /// Null: there was none.
    #[schema(value_type = serde_json::Value)]
    before: Box<RawValue>,
    /// Null: there is none any more.
    #[schema(value_type = serde_json::Value)]
    after: Box<RawValue>,
}

impl ActorView {
    pub(crate) fn of(event: &v1::RecordedEvent) -> Self {
        let non_empty = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            id: event.actor.clone(),
            kind: if event.actor.starts_with("usr_") {
                "user"
            } else {
                "system"
            },
            email: non_empty(&event.actor_email),
            name: non_empty(&event.actor_name),
        }
    }
}

impl From<v1::RecordedEvent> for EntryView {
    fn from(mut event: v1::RecordedEvent) -> Self {
        let reason = match event.reason.as_str() {
            "" => own_reason(&event.payload),
            non_empty => Some(non_empty.to_owned()),
        };
        let changes = std::mem::take(&mut event.changes);
        let actor = ActorView::of(&event);
        let event = EventView::from(event);
        Self {
            event_id: event.event_id,
            aggregate_type: event.aggregate_type,
            aggregate_id: event.aggregate_id,
            sequence: event.sequence,
            event_type: event.event_type,
            event_version: event.event_version,
            payload: event.payload,
            metadata: event.metadata,
            lane: event.lane,
            position: event.position,
            recorded_at: event.recorded_at,
            occurred_at: event.occurred_at,
            actor,
            reason,
            changes: changes.into_iter().map(ChangeView::from).collect(),
        }
    }
}

impl From<v1::FieldChange> for ChangeView {
    fn from(change: v1::FieldChange) -> Self {
        let raw = |json| RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self {
            field: change.field,
            before: raw(change.before),
            after: raw(change.after),
        }
    }
}

/// The reason that the event itself gives: the member `reason` of its data.
pub(super) fn own_reason(payload: &str) -> Option<String> {
    let payload: serde_json::Value = serde_json::from_str(payload).ok()?;
    let data = payload.as_object()?.values().next()?;
    data.get("reason")?.as_str().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_the_request_comes_before_that_of_the_event() {
        let event = |reason: &str, payload: &str| v1::RecordedEvent {
            reason: reason.to_owned(),
            payload: payload.to_owned(),
            ..v1::RecordedEvent::default()
        };
        let reason = |event| EntryView::from(event).reason;
        let payload = r#"{"StockAdjusted":{"delta":-1,"reason":"broken"}}"#;
        assert_eq!(reason(event("", payload)).as_deref(), Some("broken"));
        assert_eq!(reason(event("count of May", payload)).as_deref(), Some("count of May"));
        assert_eq!(reason(event("", r#"{"StockReceived":{"quantity":1}}"#)), None);
        assert_eq!(reason(event("", "nonsense")), None);
    }
}
