use std::collections::BTreeSet;

use crate::ProductId;
use crate::search_settings::{
    MAX_HIDDEN, MAX_PINNED, MAX_RULES, MAX_STOP_WORDS, MAX_SYNONYMS, SearchRule, SearchSettings, SearchSettingsCommand,
    SearchSettingsError, SearchSettingsEvent, SearchTerm, Synonyms,
};

impl SearchSettings {
    /// The events that the command leads to in this state, or why it is refused.
    pub fn decide(&self, command: &SearchSettingsCommand) -> Result<Vec<SearchSettingsEvent>, SearchSettingsError> {
        match command {
            SearchSettingsCommand::Change {
                expected,
                synonyms,
                stop_words,
            } => {
                if let Some(expected) = expected.filter(|expected| *expected != self.revision()) {
                    return Err(SearchSettingsError::Stale {
                        expected,
                        actual: self.revision(),
                    });
                }
                self.change(synonyms.as_deref(), stop_words.as_deref())
            }
            SearchSettingsCommand::CreateRule(rule) => self.create_rule(rule),
            SearchSettingsCommand::DeleteRule { rule_id } => {
                if self.rules().iter().any(|rule| rule.rule_id == *rule_id) {
                    Ok(vec![SearchSettingsEvent::SearchRuleDeleted { rule_id: *rule_id }])
                } else {
                    Err(SearchSettingsError::NoRule { rule_id: *rule_id })
                }
            }
        }
    }

    fn change(
        &self,
        synonyms: Option<&[Synonyms]>,
        stop_words: Option<&[SearchTerm]>,
    ) -> Result<Vec<SearchSettingsEvent>, SearchSettingsError> {
        if synonyms.is_some_and(|synonyms| synonyms.len() > MAX_SYNONYMS) {
            return Err(SearchSettingsError::TooManySynonyms);
        }
        if let Some(stop_words) = stop_words {
            if stop_words.len() > MAX_STOP_WORDS {
                return Err(SearchSettingsError::TooManyStopWords);
            }
            if let Some(twice) = values::repeated(stop_words) {
                return Err(SearchSettingsError::DuplicateStopWord {
                    word: twice.to_string(),
                });
            }
        }
        // What stays the same is no change.
        let synonyms = synonyms.filter(|synonyms| *synonyms != self.synonyms());
        let stop_words = stop_words.filter(|stop_words| *stop_words != self.stop_words());
        if synonyms.is_none() && stop_words.is_none() {
            return Ok(Vec::new());
        }
        Ok(vec![SearchSettingsEvent::SearchSettingsChanged {
            synonyms: synonyms.map(<[Synonyms]>::to_vec),
            stop_words: stop_words.map(<[SearchTerm]>::to_vec),
        }])
    }

    fn create_rule(&self, rule: &SearchRule) -> Result<Vec<SearchSettingsEvent>, SearchSettingsError> {
        SearchRule::check(&rule.pinned, &rule.hidden)?;
        let query = rule.query.plain();
        if let Some(other) = self.rules().iter().find(|other| other.query.plain() == query) {
            return Err(SearchSettingsError::RuleExists { rule_id: other.rule_id });
        }
        if self.rules().len() >= MAX_RULES {
            return Err(SearchSettingsError::TooManyRules);
        }
        Ok(vec![SearchSettingsEvent::SearchRuleCreated(rule.clone())])
    }
}

impl SearchRule {
    /// Whether a rule can pin and hide these, whatever rules there are.
    pub fn check(pinned: &[ProductId], hidden: &[ProductId]) -> Result<(), SearchSettingsError> {
        if pinned.is_empty() && hidden.is_empty() {
            return Err(SearchSettingsError::EmptyRule);
        }
        if pinned.len() > MAX_PINNED {
            return Err(SearchSettingsError::TooManyPinned);
        }
        if hidden.len() > MAX_HIDDEN {
            return Err(SearchSettingsError::TooManyHidden);
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = pinned.iter().chain(hidden).find(|id| !seen.insert(**id)) {
            return Err(SearchSettingsError::DuplicateProduct { product_id: *twice });
        }
        Ok(())
    }
}
