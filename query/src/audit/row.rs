//! An event as the log holds it.

use chrono::{DateTime, Utc};
use proto::v1::RecordedEvent;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::cells::Cells;
use crate::error::Error;
use crate::list::{Column, Kind, Value};

/// The columns of an [`EventRow`], from `events e`.
pub(super) const COLUMNS: &str = "\
e.event_id, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version, e.payload::text AS payload, e.actor,
    e.correlation_id, e.causation_id, coalesce(e.metadata ->> 'request_id', '') AS request_id, e.lane, e.position,
    e.recorded_at, e.occurred_at, coalesce(e.metadata ->> 'command_id', '') AS command_id,
    coalesce(e.metadata ->> 'command', '') AS command, coalesce(e.metadata ->> 'client_ip', '') AS client_ip,
    coalesce(e.metadata ->> 'user_agent', '') AS user_agent, coalesce(e.metadata ->> 'channel', '') AS channel,
    coalesce(e.metadata ->> 'reason', '') AS reason";

pub(super) struct EventRow {
    pub(super) sequence: i64,
    pub(super) lane: i32,
    pub(super) position: i64,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) occurred_at: DateTime<Utc>,
    event: RecordedEvent,
}

impl EventRow {
    pub(super) fn read(row: &PgRow) -> Result<Self, Error> {
        let cells = Cells::new("events", row, "aggregate_id");
        let lane: i32 = cells.get("lane")?;
        let recorded_at: DateTime<Utc> = cells.get("recorded_at")?;
        let occurred_at: DateTime<Utc> = cells.get("occurred_at")?;
        let event = RecordedEvent {
            event_id: cells.get::<Uuid>("event_id")?.to_string(),
            aggregate_type: cells.get("aggregate_type")?,
            aggregate_id: cells.get("aggregate_id")?,
            sequence: cells.count("sequence")?,
            event_type: cells.get("event_type")?,
            event_version: cells.get("event_version")?,
            payload: cells.get("payload")?,
            actor: cells.get("actor")?,
            correlation_id: cells.get::<Uuid>("correlation_id")?.to_string(),
            causation_id: cells
                .get::<Option<Uuid>>("causation_id")?
                .map(|id| id.to_string())
                .unwrap_or_default(),
            request_id: cells.get("request_id")?,
            lane: u32::try_from(lane).map_err(|_| cells.damaged("lane", "a number from 0 on"))?,
            position: cells.count("position")?,
            recorded_at_micros: recorded_at.timestamp_micros(),
            occurred_at_micros: occurred_at.timestamp_micros(),
            command_id: cells.get("command_id")?,
            command: cells.get("command")?,
            client_ip: cells.get("client_ip")?,
            user_agent: cells.get("user_agent")?,
            channel: cells.get("channel")?,
            reason: cells.get("reason")?,
            ..RecordedEvent::default()
        };
        Ok(Self {
            sequence: cells.get("sequence")?,
            lane,
            position: cells.get("position")?,
            recorded_at,
            occurred_at,
            event,
        })
    }
}

impl From<EventRow> for RecordedEvent {
    fn from(row: EventRow) -> Self {
        row.event
    }
}

/// A column that events are ordered by.
pub(super) const fn column(sql: &'static str, kind: Kind, value: fn(&EventRow) -> Value) -> Column<EventRow> {
    Column {
        sql,
        kind,
        nullable: false,
        value,
    }
}
