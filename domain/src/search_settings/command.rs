use crate::{
    SearchRuleId,
    search_settings::{SearchRule, SearchTerm, Synonyms},
};

/// What can be asked of the search settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchSettingsCommand {
    /// Replace the lists that are given; the others stay.
    Change {
        /// The revision that the lists were read at; `None`: any.
        expected: Option<u64>,
        /// The new synonyms.
        synonyms: Option<Vec<Synonyms>>,
        /// The new stop words.
        stop_words: Option<Vec<SearchTerm>>,
    },
    /// Show some products first, or never, for a query.
    CreateRule(SearchRule),
    /// Forget a rule.
    DeleteRule {
        /// Which one.
        rule_id: SearchRuleId,
    },
}
