//! An event as clients see it.

use proto::v1;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::expansion::Expansion;
use crate::times::rfc3339;
use crate::users::related::USER;

/// What can be put in the place of ids.
pub(crate) const EXPANSIONS: &[Expansion] = &[Expansion {
    name: "metadata.user",
    id: "actor",
    target: USER,
}];

/// An event as it stands in the log.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    pub(super) event_id: String,
    #[schema(example = "order")]
    pub(super) aggregate_type: String,
    #[schema(example = "ord_0198c0de-0000-7000-8000-000000000001")]
    pub(super) aggregate_id: String,
    /// Place within the aggregate, from 1 on without gaps.
    pub(super) sequence: u64,
    #[schema(example = "OrderPlaced")]
    pub(super) event_type: String,
    #[schema(example = "1.0")]
    pub(super) event_version: String,
    /// The event's own data, under its type.
    #[schema(value_type = serde_json::Value)]
    pub(super) payload: Box<RawValue>,
    pub(super) metadata: EventMetadata,
    /// Part of the log.
    pub(super) lane: u32,
    /// Place within the lane.
    pub(super) position: u64,
    /// When it was written down.
    pub(super) recorded_at: String,
    /// When it happened.
    pub(super) occurred_at: String,
}

/// Who caused an event and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventMetadata {
    actor: String,
    /// Shared by everything that one request set in motion.
    #[schema(required)]
    correlation_id: Option<String>,
    /// The event or command that caused this one.
    #[schema(required)]
    causation_id: Option<String>,
    #[schema(required)]
    request_id: Option<String>,
    /// Id of the command that made it; shared by all events of that command.
    #[schema(required)]
    command_id: Option<String>,
    #[schema(required, example = "place_order")]
    command: Option<String>,
    /// The way in: `rest`, `import`, `seed`, `cli` or `process`.
    #[schema(required)]
    channel: Option<String>,
    /// Address of the client.
    #[schema(required)]
    client_ip: Option<String>,
    #[schema(required)]
    user_agent: Option<String>,
    /// The `Audit-Reason` of the request.
    #[schema(required)]
    reason: Option<String>,
}

impl From<v1::RecordedEvent> for EventView {
    fn from(event: v1::RecordedEvent) -> Self {
        let non_empty = |text: String| (!text.is_empty()).then_some(text);
        Self {
            event_id: event.event_id,
            aggregate_type: event.aggregate_type,
            aggregate_id: event.aggregate_id,
            sequence: event.sequence,
            event_type: event.event_type,
            event_version: event.event_version,
            payload: RawValue::from_string(event.payload).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            metadata: EventMetadata {
                actor: event.actor,
                correlation_id: non_empty(event.correlation_id),
                causation_id: non_empty(event.causation_id),
                request_id: non_empty(event.request_id),
                command_id: non_empty(event.command_id),
                command: non_empty(event.command),
                channel: non_empty(event.channel),
                client_ip: non_empty(event.client_ip),
                user_agent: non_empty(event.user_agent),
                reason: non_empty(event.reason),
            },
            lane: event.lane,
            position: event.position,
            recorded_at: rfc3339(event.recorded_at_micros),
            occurred_at: rfc3339(event.occurred_at_micros),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_json_and_not_a_string() {
        let event = v1::RecordedEvent {
            payload: r#"{"StockReceived":{"quantity":10}}"#.to_owned(),
            actor: "usr_1".to_owned(),
            ..v1::RecordedEvent::default()
        };
        let value = serde_json::to_value(EventView::from(event)).unwrap();
        assert_eq!(value["payload"]["StockReceived"]["quantity"], 10);
        assert_eq!(value["metadata"]["causation_id"], serde_json::Value::Null);
    }
}
