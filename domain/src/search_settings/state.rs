use serde::{Deserialize, Serialize};

use crate::{
    aggregate::aggregate,
    search_settings::{
        SearchRule, SearchSettingsCommand, SearchSettingsError, SearchSettingsEvent, SearchTerm, Synonyms,
    },
};

/// What the shop has set; by default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchSettings {
    revision: u64,
    synonyms: Vec<Synonyms>,
    stop_words: Vec<SearchTerm>,
    rules: Vec<SearchRule>,
}

aggregate!(
    SearchSettings,
    SearchSettingsCommand,
    SearchSettingsEvent,
    SearchSettingsError
);

impl SearchSettings {
    /// Counts the changes of the lists, rules aside.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The synonyms.
    #[must_use]
    pub fn synonyms(&self) -> &[Synonyms] {
        &self.synonyms
    }

    /// The stop words.
    #[must_use]
    pub fn stop_words(&self) -> &[SearchTerm] {
        &self.stop_words
    }

    /// The rules, the oldest first.
    #[must_use]
    pub fn rules(&self) -> &[SearchRule] {
        &self.rules
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: SearchSettingsEvent) {
        match event {
            SearchSettingsEvent::SearchSettingsChanged { synonyms, stop_words } => {
                self.revision += 1;
                if let Some(synonyms) = synonyms {
                    self.synonyms = synonyms;
                }
                if let Some(stop_words) = stop_words {
                    self.stop_words = stop_words;
                }
            }
            SearchSettingsEvent::SearchRuleCreated(rule) => self.rules.push(rule),
            SearchSettingsEvent::SearchRuleDeleted { rule_id } => self.rules.retain(|rule| rule.rule_id != rule_id),
        }
    }
}
