use registry::{Touched, fields};
use serde::{Deserialize, Serialize};

use crate::{
    ProductId, SearchRuleId,
    aggregate::{events, present},
    search_settings::{SearchTerm, Synonyms},
};

/// What happened to the search settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SearchSettingsEvent {
    /// Lists were replaced.
    SearchSettingsChanged {
        /// The synonyms from now on; absent: as before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        synonyms: Option<Vec<Synonyms>>,
        /// The stop words from now on; absent: as before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop_words: Option<Vec<SearchTerm>>,
    },
    /// A query shows some products first, or never.
    SearchRuleCreated(SearchRule),
    /// It does so no more.
    SearchRuleDeleted {
        /// The rule that is gone.
        rule_id: SearchRuleId,
    },
}

events!(
    "search_settings",
    SearchSettingsEvent {
        SearchSettingsChanged: 1,
        SearchRuleCreated: 1,
        SearchRuleDeleted: 1,
    }
);

impl SearchSettingsEvent {
    fn touched(&self) -> Touched {
        match self {
            Self::SearchSettingsChanged { synonyms, stop_words } => {
                present(&[("synonyms", synonyms.is_some()), ("stop_words", stop_words.is_some())])
            }
            Self::SearchRuleCreated(_) | Self::SearchRuleDeleted { .. } => fields(&["rules"]),
        }
    }
}

/// What a query shows first, and what it never shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchRule {
    /// The rule's id.
    pub rule_id: SearchRuleId,
    /// The query, however it is spelt.
    pub query: SearchTerm,
    /// Shown first, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<ProductId>,
    /// Never shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<ProductId>,
}
