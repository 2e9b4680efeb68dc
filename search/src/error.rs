use std::error::Error as StdError;

/// Why an engine did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be reached or is broken. The same may work later, and may have happened already.
    #[error("the search engine is unavailable: {what}")]
    Unavailable {
        /// What was tried.
        what: String,
        /// Why it failed.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// There is no such index; create it and fill it.
    #[error("there is no search index {0}")]
    NoIndex(String),
    /// It will never do this, however often it is asked: the request is wrong, not the engine.
    #[error("the search engine rejects it: {0}")]
    Rejected(String),
}

impl Error {
    /// [`Error::Unavailable`] for a reason.
    pub fn unavailable(what: impl Into<String>, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Unavailable {
            what: what.into(),
            source: Some(source.into()),
        }
    }

    /// Whether trying again later can help.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
