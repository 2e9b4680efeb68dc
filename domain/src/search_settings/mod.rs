//! What the shop sets about its search: synonyms, stop words, and which products a query shows first or never.
//!
//! One stream for the whole shop: what is set is little, and rules for one query must not contradict each other.

mod command;
mod decide;
mod error;
mod event;
mod limits;
mod state;
mod words;

pub use self::{
    command::SearchSettingsCommand,
    error::SearchSettingsError,
    event::{SearchRule, SearchSettingsEvent},
    limits::{MAX_HIDDEN, MAX_PINNED, MAX_RULES, MAX_STOP_WORDS, MAX_SYNONYM_WORDS, MAX_SYNONYMS},
    state::SearchSettings,
    words::{SearchTerm, Synonyms},
};

/// The stream of the shop's search settings.
pub const STREAM_ID: &str = "search_settings";

pub use values::distinct_words;
