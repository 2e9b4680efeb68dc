//! What a proof file can turn out to be.

use serde::Deserialize;

use crate::{ConsistencyProof, InclusionProof, ProofError, PublicKey};

/// What a proof file proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proven {
    /// An event stands in the log.
    Inclusion(Box<InclusionProof>),
    /// A checkpoint goes on from an earlier one.
    Consistency(ConsistencyProof),
}

impl Proven {
    /// Reads a proof file and checks it; needs nothing but the file and the public keys that are trusted.
    pub fn check(json: &str, keys: &[PublicKey]) -> Result<Self, ProofError> {
        #[derive(Deserialize)]
        struct Kind {
            #[serde(rename = "type")]
            kind: String,
        }
        let unreadable = |error: serde_json::Error| ProofError::Unreadable(error.to_string());
        let Kind { kind } = serde_json::from_str(json).map_err(unreadable)?;
        match kind.as_str() {
            InclusionProof::TYPE => {
                let proof: Box<InclusionProof> = serde_json::from_str(json).map_err(unreadable)?;
                proof.verify(keys)?;
                Ok(Self::Inclusion(proof))
            }
            ConsistencyProof::TYPE => {
                let proof: ConsistencyProof = serde_json::from_str(json).map_err(unreadable)?;
                proof.verify(keys)?;
                Ok(Self::Consistency(proof))
            }
            _ => Err(ProofError::Unreadable("its type is unknown".to_owned())),
        }
    }
}
