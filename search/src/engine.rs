use async_trait::async_trait;

use crate::{Answer, Change, Error, Request, Settings};

/// Something that finds products.
///
/// Indexes have names of 1 to 64 characters out of `a-z`, `0-9`, `-` and `_`. Each has one writer at a time, who calls `create`, `apply`,
/// `update_settings`, `promote` and `drop_index`; any number may search meanwhile.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Its name, for people and metrics: `tantivy`, `meilisearch`.
    fn name(&self) -> &'static str;

    /// Whether it answers.
    async fn health(&self) -> Result<(), Error>;

    /// Makes an empty index that has these settings before it gets any document. One of that name that exists already is emptied.
    async fn create(&self, index: &str, settings: &Settings) -> Result<(), Error>;

    /// Changes documents. When it returns, the changes survive a crash and searches see them. Doing it again changes nothing. Of two
    /// changes to one product the later one counts. After an error some of the changes may have happened: apply all of them again. No
    /// change is kept without the `tag`, by which the index is known until the next call ([`Statistics::tag`]).
    async fn apply(&self, index: &str, changes: Vec<Change>, tag: &str) -> Result<(), Error>;

    /// Replaces the settings of an index; searches see them when it returns.
    async fn update_settings(&self, index: &str, settings: &Settings) -> Result<(), Error>;

    /// Searches, without the curation: see [`crate::find()`]. Never fails because of what was typed.
    async fn search(&self, index: &str, request: &Request) -> Result<Answer, Error>;

    /// At one moment for all who search, `to` answers from what is in `from`, and `from` is no more; what `to` was is dropped. `to` need
    /// not exist before. If this ends in [`Error::Unavailable`] it may have happened: don't repeat it, build anew under another name.
    async fn promote(&self, from: &str, to: &str) -> Result<(), Error>;

    /// Removes an index; nothing happens if there is none.
    async fn drop_index(&self, index: &str) -> Result<(), Error>;

    /// The names of the indexes, ascending.
    async fn indexes(&self) -> Result<Vec<String>, Error>;

    /// Figures of an index.
    async fn statistics(&self, index: &str) -> Result<Statistics, Error>;
}

/// Figures of an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Products in it.
    pub documents: u64,
    /// What the last changes came with; `None`: there were none.
    pub tag: Option<String>,
}
