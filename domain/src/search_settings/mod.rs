//! What the shop sets about its search: synonyms, stop words, and which products a query shows first or never.
//!
//! One stream for the whole shop: what is set is little, and rules for one query must not contradict each other.

mod command;
mod decide;
mod error;
mod event;
mod state;
mod words;

pub use self::{
    command::SearchSettingsCommand,
    error::SearchSettingsError,
    event::{SearchRule, SearchSettingsEvent},
    state::SearchSettings,
    words::{MAX_SYNONYM_WORDS, SearchTerm, Synonyms, SynonymsError},
};

/// The stream of the shop's search settings.
pub const STREAM_ID: &str = "search_settings";
/// Most groups and one-way synonyms.
pub const MAX_SYNONYMS: usize = 1_000;
/// Most stop words.
pub const MAX_STOP_WORDS: usize = 1_000;
/// Most rules.
pub const MAX_RULES: usize = 500;
/// Most products that a rule shows first.
pub const MAX_PINNED: usize = 20;
/// Most products that a rule hides.
pub const MAX_HIDDEN: usize = 100;
