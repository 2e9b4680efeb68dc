//! Search settings as answers tell them.

use domain::search_settings::{SearchRule, SearchSettings, SearchTerm, Synonyms};
use proto::v1;

use crate::core::created_at_micros;

/// The lists.
pub(super) fn settings(settings: &SearchSettings) -> v1::SearchSettings {
    let texts = |words: &[SearchTerm]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    v1::SearchSettings {
        synonyms: settings
            .synonyms()
            .iter()
            .map(|synonyms| match synonyms {
                Synonyms::Group { words } => v1::Synonyms {
                    words: texts(words),
                    from: String::new(),
                },
                Synonyms::OneWay { from, to } => v1::Synonyms {
                    words: texts(to),
                    from: from.to_string(),
                },
            })
            .collect(),
        stop_words: texts(settings.stop_words()),
        revision: settings.revision(),
        updated_at_micros: 0,
    }
}

/// A rule.
pub(super) fn rule(rule: &SearchRule) -> v1::SearchRule {
    v1::SearchRule {
        id: rule.rule_id.to_string(),
        query: rule.query.to_string(),
        pinned: rule.pinned.iter().map(ToString::to_string).collect(),
        hidden: rule.hidden.iter().map(ToString::to_string).collect(),
        created_at_micros: created_at_micros(rule.rule_id.uuid()),
    }
}
