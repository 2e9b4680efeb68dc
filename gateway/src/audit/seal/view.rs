//! Checkpoints and proofs as clients see them.

use axum::response::Response;
use http::StatusCode;
use proto::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{problem::Problem, reply::Reply, times::rfc3339};

/// A signed checkpoint over the log.
#[derive(Serialize, ToSchema)]
#[schema(as = Checkpoint)]
pub(crate) struct CheckpointView {
    /// Counts the checkpoints, from 1.
    number: u64,
    made_at: String,
    /// Events that it covers.
    events: u64,
    /// The hash by which the next one names it, in base64.
    hash: String,
    /// The hash of the one before, in base64; null for the first.
    #[schema(required)]
    previous: Option<String>,
    /// The ids of the keys that it is signed with.
    key_ids: Vec<String>,
    /// The signed note: keep it outside of the database. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl From<v1::SealedCheckpoint> for CheckpointView {
    fn from(checkpoint: v1::SealedCheckpoint) -> Self {
        let non_empty = |text: String| (!text.is_empty()).then_some(text);
        Self {
            number: checkpoint.number,
            made_at: rfc3339(checkpoint.made_at_micros),
            events: checkpoint.events,
            hash: checkpoint.hash,
            previous: non_empty(checkpoint.previous),
            key_ids: checkpoint.key_ids,
            note: non_empty(checkpoint.note),
        }
    }
}

/// The proof that an event stands in the log. `tillroll audit check-proof` checks it without a database.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct InclusionProof {
    #[serde(rename = "type")]
    #[schema(example = "tillroll-inclusion-proof/1")]
    kind: String,
    event: SealedEvent,
    /// The event's hash, in base64.
    leaf: String,
    /// The hashes that lead from the event's to the root of its lane, in base64.
    path: Vec<String>,
    /// The signed checkpoint with the root, as a note.
    checkpoint: String,
}

/// An event with every column as it is stored.
#[derive(Serialize, Deserialize, ToSchema)]
struct SealedEvent {
    lane: i32,
    position: i64,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    event_id: String,
    event_type: String,
    event_version: String,
    /// The event's JSON as a text, because every letter of it counts.
    payload: String,
    /// Likewise.
    metadata: String,
    actor: String,
    correlation_id: String,
    #[schema(required)]
    causation_id: Option<String>,
    recorded_at: String,
    occurred_at: String,
}

/// The proof that a checkpoint goes on from an earlier one. `tillroll audit check-proof` checks it without a database.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ConsistencyProof {
    #[serde(rename = "type")]
    #[schema(example = "tillroll-consistency-proof/1")]
    kind: String,
    /// The earlier signed checkpoint, as a note.
    from: String,
    /// The later one.
    to: String,
    /// The lanes of the earlier one.
    lanes: Vec<LaneProof>,
}

/// That a lane only grew.
#[derive(Serialize, Deserialize, ToSchema)]
struct LaneProof {
    lane: u32,
    /// The hashes that lead from the old root to the new one, in base64.
    path: Vec<String>,
}

/// The answer with a proof.
pub(super) fn proof<'d, P: Serialize + Deserialize<'d>>(document: &'d str) -> Result<Response, Problem> {
    let proof: P = serde_json::from_str(document).map_err(|error| {
        tracing::error!(%error, "a proof is not of the shape that is documented");
        Problem::internal()
    })?;
    Ok(Reply::json(StatusCode::OK, &proof).into())
}
