//! Refusals of the search settings as failures of the service.

use domain::search_settings::SearchSettingsError;
use proto::failure::{Failure, FailureKind};
use serde_json::json;

use crate::{failure, fields::Fields};

/// Why a change to the search settings was refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    Settings(SearchSettingsError),
    /// Products of a rule that are not there, by the field that names them.
    NoProduct(Vec<String>),
}

impl From<SearchSettingsError> for Refusal {
    fn from(error: SearchSettingsError) -> Self {
        Self::Settings(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Settings(error) => of_settings(&error),
            Refusal::NoProduct(names) => {
                let mut fields = Fields::default();
                for name in names {
                    fields.add(name, "unknown", "there is no such product");
                }
                fields.into_failure()
            }
        }
    }
}

pub(super) fn of_settings(error: &SearchSettingsError) -> Failure {
    let invalid = |field: &str, code: &str| Failure::invalid(field, code, error.to_string());
    match error {
        SearchSettingsError::Stale { expected, actual } => failure::version_mismatch(*expected, *actual),
        SearchSettingsError::TooManySynonyms => invalid("synonyms", "too_many"),
        SearchSettingsError::TooManyStopWords => invalid("stop_words", "too_many"),
        SearchSettingsError::DuplicateStopWord { .. } => invalid("stop_words", "duplicate"),
        SearchSettingsError::TooManyRules => {
            Failure::new(FailureKind::Conflict, "too_many_search_rules", error.to_string())
        }
        SearchSettingsError::RuleExists { rule_id } => Failure::new(
            FailureKind::Conflict,
            "search_rule_exists",
            "the query has a rule already; delete that one first",
        )
        .with_field("query", "taken", "has a rule already")
        .with_data(&json!({"rule_id": rule_id})),
        SearchSettingsError::EmptyRule => invalid("pinned", "required"),
        SearchSettingsError::TooManyPinned => invalid("pinned", "too_many"),
        SearchSettingsError::TooManyHidden => invalid("hidden", "too_many"),
        SearchSettingsError::DuplicateProduct { .. } => invalid("pinned", "duplicate"),
        SearchSettingsError::NoRule { .. } => {
            Failure::new(FailureKind::NotFound, "search_rule_not_found", "there is no such rule")
        }
    }
}
