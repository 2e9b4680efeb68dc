//! The proof that an event stands in the log.

use proto::v1::{Proof, ProveEventRequest};
use reads::Reads;
use seal::{Event, InclusionProof, SealedEvent, inclusion_tiles, micros_of};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{checkpoint, tiles};
use crate::error::Error;

pub(super) async fn prove(query: &Reads, request: ProveEventRequest) -> Result<Proof, Error> {
    let id =
        Uuid::parse_str(&request.event_id).map_err(|_| Error::invalid("event_id", "malformed", "must be a UUID"))?;
    let event = find(query, id).await?.ok_or_else(|| Error::NotFound {
        what: "event",
        id: id.to_string(),
    })?;
    let signed = match checkpoint::find(query, request.checkpoint).await {
        // There is the event, but no checkpoint at all yet.
        Err(Error::NotFound { .. }) if request.checkpoint == 0 => return Err(Error::NotSealed),
        found => found?,
    };
    let lane = u32::try_from(event.lane).unwrap_or(u32::MAX);
    let size = signed.checkpoint.size(lane);
    let position = u64::try_from(event.position).unwrap_or_default();
    if position > size {
        return Err(Error::NotSealed);
    }
    let wanted = [(lane, inclusion_tiles(position.saturating_sub(1), size))].into();
    let tiles = tiles::load(query, &wanted).await?.remove(&lane).unwrap_or_default();
    let proof = InclusionProof::new(event, &tiles, &signed).map_err(|error| Error::SealBroken(error.to_string()))?;
    let document = serde_json::to_string(&proof).map_err(|error| Error::SealBroken(error.to_string()))?;
    Ok(Proof { document })
}

/// The read model finds the event quickly; the log itself finds it also when the read model does not show it.
async fn find(query: &Reads, id: Uuid) -> Result<Option<SealedEvent>, Error> {
    const COLUMNS: &str = "SELECT e.lane, e.position, e.aggregate_type, e.aggregate_id, e.sequence, e.event_id, e.event_type, e.event_version,
        e.payload::text AS payload, e.metadata::text AS metadata, e.actor, e.correlation_id, e.causation_id, e.recorded_at, e.occurred_at";
    let by_read_model = format!(
        "{COLUMNS} FROM audit a JOIN events e ON e.lane = a.lane AND e.position = a.position WHERE a.event_id = $1 AND e.event_id = $1"
    );
    let by_log = format!("{COLUMNS} FROM events e WHERE e.event_id = $1 LIMIT 1");
    for sql in [by_read_model, by_log] {
        if let Some(row) = sqlx::query(&sql).bind(id).fetch_optional(query.pool()).await? {
            return event(&row).map(Some);
        }
    }
    Ok(None)
}

fn event(row: &PgRow) -> Result<SealedEvent, Error> {
    let event = Event {
        lane: row.try_get("lane")?,
        position: row.try_get("position")?,
        aggregate_type: row.try_get("aggregate_type")?,
        aggregate_id: row.try_get("aggregate_id")?,
        sequence: row.try_get("sequence")?,
        event_id: row.try_get("event_id")?,
        event_type: row.try_get("event_type")?,
        event_version: row.try_get("event_version")?,
        payload: row.try_get("payload")?,
        metadata: row.try_get("metadata")?,
        actor: row.try_get("actor")?,
        correlation_id: row.try_get("correlation_id")?,
        causation_id: row.try_get("causation_id")?,
        recorded_at: micros_of(row.try_get("recorded_at")?),
        occurred_at: micros_of(row.try_get("occurred_at")?),
    };
    SealedEvent::new(&event).ok_or_else(|| Error::SealBroken("a time of the event cannot be told".to_owned()))
}
