//! What can go wrong while sealing.

use std::path::PathBuf;

use crate::Error;

/// Why nothing was sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// What is there contradicts what was sealed. Nothing is signed on top of it.
    #[error("the seal is broken: {0}; `tillroll audit verify` says more")]
    Broken(String),
    /// The newest checkpoint that was signed here cannot be remembered outside of the database.
    #[error("cannot use {path}, which remembers the newest checkpoint that was signed here")]
    Witness {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// Another sealer has taken over.
    #[error("another sealer has taken over")]
    LeaseLost,
}

impl SealError {
    pub(crate) fn broken(what: impl Into<String>) -> Self {
        Self::Broken(what.into())
    }
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Database(error) => error.into(),
            other => Self::Damaged(other.to_string()),
        }
    }
}
