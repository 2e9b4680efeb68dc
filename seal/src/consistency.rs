//! The proof that a checkpoint goes on from an earlier one, as a file.

use serde::{Deserialize, Serialize};

use crate::{Hash, ProofError, PublicKey, SignedCheckpoint, verify_consistency};

/// Two signed checkpoints, and for each lane of the earlier one the hashes that lead from its root to the later one's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsistencyProof {
    /// [`ConsistencyProof::TYPE`].
    #[serde(rename = "type")]
    pub kind: String,
    /// The earlier checkpoint, as a signed note.
    pub from: String,
    /// The later checkpoint, as a signed note.
    pub to: String,
    /// The lanes of the earlier one, ascending.
    pub lanes: Vec<LaneProof>,
}

/// That a lane only grew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneProof {
    /// The lane.
    pub lane: u32,
    /// The hashes from the old root to the new one.
    pub path: Vec<Hash>,
}

impl ConsistencyProof {
    /// What the file says that it is.
    pub const TYPE: &str = "tillroll-consistency-proof/1";

    /// Proves that `to` goes on from `from`.
    ///
    /// # Errors
    /// When it does not.
    pub fn new(from: &SignedCheckpoint, to: &SignedCheckpoint, lanes: Vec<LaneProof>) -> Result<Self, ProofError> {
        let proof = Self {
            kind: Self::TYPE.to_owned(),
            from: from.to_string(),
            to: to.to_string(),
            lanes,
        };
        proof.verify_against(from, to)?;
        Ok(proof)
    }

    /// Checks everything: both signatures, and that every lane of the earlier checkpoint went on.
    pub fn verify(&self, keys: &[PublicKey]) -> Result<(SignedCheckpoint, SignedCheckpoint), ProofError> {
        let (from, to): (SignedCheckpoint, SignedCheckpoint) = (self.from.parse()?, self.to.parse()?);
        for signed in [&from, &to] {
            if signed.signed_by(keys).is_none() {
                return Err(ProofError::Signature(signed.checkpoint.number));
            }
        }
        self.verify_against(&from, &to)?;
        Ok((from, to))
    }

    fn verify_against(&self, from: &SignedCheckpoint, to: &SignedCheckpoint) -> Result<(), ProofError> {
        let (from, to) = (&from.checkpoint, &to.checkpoint);
        if from.log != to.log {
            return Err(ProofError::Malformed("the checkpoints are of different logs"));
        }
        if from.number > to.number {
            return Err(ProofError::Malformed("the checkpoints are in the wrong order"));
        }
        if from.number == to.number && from != to {
            return Err(ProofError::Malformed(
                "the checkpoints have one number and are not the same",
            ));
        }
        if to.number == from.number + 1 && to.previous != Some(from.hash()) {
            return Err(ProofError::Malformed(
                "the later checkpoint does not name the earlier one",
            ));
        }
        if self.lanes.len() != from.lanes.len() {
            return Err(ProofError::Malformed(
                "it does not have the lanes of the earlier checkpoint",
            ));
        }
        for (old, proof) in from.lanes.iter().zip(&self.lanes) {
            if old.lane != proof.lane {
                return Err(ProofError::Malformed(
                    "it does not have the lanes of the earlier checkpoint",
                ));
            }
            let new = to.lane(old.lane).ok_or(ProofError::Malformed("a lane is gone"))?;
            verify_consistency(old.size, &old.root, new.size, &new.root, &proof.path)?;
        }
        Ok(())
    }
}
