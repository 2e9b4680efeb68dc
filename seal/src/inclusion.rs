//! The proof that an event stands in the log, as a file.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::{micros_of, time_of};
use crate::{Event, Hash, ProofError, PublicKey, SignedCheckpoint, Tiles, inclusion_path, verify_inclusion};

/// An event, the hashes from it up to its lane's root, and the signed checkpoint that has the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InclusionProof {
    /// [`InclusionProof::TYPE`].
    #[serde(rename = "type")]
    pub kind: String,
    /// The event as it is stored.
    pub event: SealedEvent,
    /// Its hash.
    pub leaf: Hash,
    /// The hashes from the leaf to the root.
    pub path: Vec<Hash>,
    /// The signed checkpoint, as a note.
    pub checkpoint: String,
}

/// An event with all of its columns. Payload and metadata are texts, because every letter of them counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the columns of the table events")]
pub struct SealedEvent {
    pub lane: i32,
    pub position: i64,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub sequence: i64,
    pub event_id: Uuid,
    pub event_type: String,
    pub event_version: String,
    pub payload: String,
    pub metadata: String,
    pub actor: String,
    pub correlation_id: Uuid,
    pub causation_id: Option<Uuid>,
    pub recorded_at: String,
    pub occurred_at: String,
}

impl SealedEvent {
    /// The columns of a row; `None` when one of its times cannot be told.
    #[must_use]
    pub fn new(event: &Event<'_>) -> Option<Self> {
        // Years beyond 9999 have a sign and more digits: chrono's own spelling, which it reads again.
        let time = |micros| Some(format!("{:?}", time_of(micros)?));
        Some(Self {
            lane: event.lane,
            position: event.position,
            aggregate_type: event.aggregate_type.to_owned(),
            aggregate_id: event.aggregate_id.to_owned(),
            sequence: event.sequence,
            event_id: event.event_id,
            event_type: event.event_type.to_owned(),
            event_version: event.event_version.to_owned(),
            payload: event.payload.to_owned(),
            metadata: event.metadata.to_owned(),
            actor: event.actor.to_owned(),
            correlation_id: event.correlation_id,
            causation_id: event.causation_id,
            recorded_at: time(event.recorded_at)?,
            occurred_at: time(event.occurred_at)?,
        })
    }

    fn leaf(&self) -> Result<Hash, ProofError> {
        let micros = |text: &str| {
            let time = text
                .parse()
                .map_err(|_| ProofError::Malformed("a time of the event is none"))?;
            let micros = micros_of(time);
            // One time, one spelling: what is read is what was hashed.
            let same = time_of(micros).is_some_and(|time| format!("{time:?}") == text);
            same.then_some(micros).ok_or(ProofError::Malformed(
                "a time of the event is not spelled as it should be",
            ))
        };
        let event = Event {
            lane: self.lane,
            position: self.position,
            aggregate_type: &self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            sequence: self.sequence,
            event_id: self.event_id,
            event_type: &self.event_type,
            event_version: &self.event_version,
            payload: &self.payload,
            metadata: &self.metadata,
            actor: &self.actor,
            correlation_id: self.correlation_id,
            causation_id: self.causation_id,
            recorded_at: micros(&self.recorded_at)?,
            occurred_at: micros(&self.occurred_at)?,
        };
        Ok(event.leaf(&mut Vec::new()))
    }
}

impl InclusionProof {
    /// What the file says that it is.
    pub const TYPE: &str = "tillroll-inclusion-proof/1";

    /// Proves that `event` stands under `checkpoint`, with the tiles of its lane that [`crate::inclusion_tiles`] names for the event's
    /// index (its position less one) and the size of the lane in the checkpoint.
    ///
    /// # Errors
    /// When it does not: the event is newer than the checkpoint, or what is stored now is not what was sealed.
    pub fn new(event: SealedEvent, tiles: &Tiles, checkpoint: &SignedCheckpoint) -> Result<Self, ProofError> {
        let (index, size) = event.place(checkpoint)?;
        let path = inclusion_path(tiles, index, size).ok_or(ProofError::Malformed("tiles are missing"))?;
        let leaf = event.leaf()?;
        let proof = Self {
            kind: Self::TYPE.to_owned(),
            event,
            leaf,
            path,
            checkpoint: checkpoint.to_string(),
        };
        proof.verify_against(checkpoint)?;
        Ok(proof)
    }

    /// Checks everything: the event's hash, the path to the root, the signature over the root.
    pub fn verify(&self, keys: &[PublicKey]) -> Result<SignedCheckpoint, ProofError> {
        let checkpoint: SignedCheckpoint = self.checkpoint.parse()?;
        if checkpoint.signed_by(keys).is_none() {
            return Err(ProofError::Signature(checkpoint.checkpoint.number));
        }
        self.verify_against(&checkpoint)?;
        Ok(checkpoint)
    }

    fn verify_against(&self, checkpoint: &SignedCheckpoint) -> Result<(), ProofError> {
        if self.event.leaf()? != self.leaf {
            return Err(ProofError::Malformed(
                "the event does not have the hash that the proof is about",
            ));
        }
        let (index, size) = self.event.place(checkpoint)?;
        let lane = u32::try_from(self.event.lane).unwrap_or(u32::MAX);
        let head = checkpoint
            .checkpoint
            .lane(lane)
            .ok_or(ProofError::Malformed("the checkpoint does not have the lane"))?;
        verify_inclusion(&self.leaf, index, size, &self.path, &head.root)
    }
}

impl SealedEvent {
    fn place(&self, checkpoint: &SignedCheckpoint) -> Result<(u64, u64), ProofError> {
        let outside = ProofError::Malformed("the event is not covered by the checkpoint");
        let lane = u32::try_from(self.lane).map_err(|_| outside.clone())?;
        let size = checkpoint.checkpoint.size(lane);
        let position = u64::try_from(self.position).map_err(|_| outside.clone())?;
        match position {
            1.. if position <= size => Ok((position - 1, size)),
            _ => Err(outside),
        }
    }
}
