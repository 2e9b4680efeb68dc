use crate::{
    ProductId, SearchRuleId,
    search_settings::{MAX_HIDDEN, MAX_PINNED, MAX_RULES, MAX_STOP_WORDS, MAX_SYNONYMS},
};

/// Why a command to the search settings was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchSettingsError {
    /// Somebody changed the lists meanwhile.
    #[error("revision {expected} was expected, the present one is {actual}")]
    Stale {
        /// What the caller had read.
        expected: u64,
        /// What is.
        actual: u64,
    },
    /// Too many synonyms.
    #[error("there are at most {MAX_SYNONYMS} synonyms")]
    TooManySynonyms,
    /// Too many stop words.
    #[error("there are at most {MAX_STOP_WORDS} stop words")]
    TooManyStopWords,
    /// The same stop word twice.
    #[error("the stop word {word:?} is there twice")]
    DuplicateStopWord {
        /// Which one.
        word: String,
    },
    /// Too many rules.
    #[error("there are at most {MAX_RULES} rules")]
    TooManyRules,
    /// The query has a rule.
    #[error("the query has a rule already: {rule_id}")]
    RuleExists {
        /// Which one.
        rule_id: SearchRuleId,
    },
    /// A rule that neither shows nor hides anything.
    #[error("a rule pins or hides at least one product")]
    EmptyRule,
    /// Too many products shown first.
    #[error("a rule pins at most {MAX_PINNED} products")]
    TooManyPinned,
    /// Too many products hidden.
    #[error("a rule hides at most {MAX_HIDDEN} products")]
    TooManyHidden,
    /// The same product twice.
    #[error("{product_id} is in the rule twice")]
    DuplicateProduct {
        /// Which one.
        product_id: ProductId,
    },
    /// There is no such rule.
    #[error("there is no rule {rule_id}")]
    NoRule {
        /// Which one.
        rule_id: SearchRuleId,
    },
}
