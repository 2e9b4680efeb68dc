//! Why a proof does not hold.

use crate::NoteError;

/// A proof does not prove what it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It is not a proof file, or not one of a kind that is known.
    #[error("not a proof file: {0}")]
    Unreadable(String),
    /// It contradicts itself.
    #[error("the proof does not fit together: {0}")]
    Malformed(&'static str),
    /// The hashes lead to another root than the signed one.
    #[error("the hashes lead to another root than the one that was signed")]
    Root,
    /// A checkpoint in it is signed by none of the keys.
    #[error("checkpoint {0} is not signed by a key that is trusted here")]
    Signature(u64),
}

impl From<NoteError> for ProofError {
    fn from(error: NoteError) -> Self {
        Self::Unreadable(error.to_string())
    }
}
