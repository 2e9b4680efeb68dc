use domain::{
    ProductId, SearchRuleId, ValueCode, ValueError,
    search_settings::{
        MAX_HIDDEN, MAX_PINNED, MAX_RULES, MAX_STOP_WORDS, MAX_SYNONYMS, SearchRule, SearchSettings,
        SearchSettingsCommand, SearchSettingsError, SearchSettingsEvent, SearchTerm, Synonyms,
    },
};

use crate::fixtures::{fold, given, product_id, stored, uuid};

fn term(text: &str) -> SearchTerm {
    SearchTerm::new(text).unwrap()
}

fn group(words: &[&str]) -> Synonyms {
    Synonyms::group(words.iter().map(|word| term(word)).collect()).unwrap()
}

fn rule_id(number: u64) -> SearchRuleId {
    SearchRuleId::new(uuid(number))
}

fn rule(number: u64, query: &str, pinned: &[u64], hidden: &[u64]) -> SearchRule {
    let ids = |numbers: &[u64]| numbers.iter().copied().map(product_id).collect::<Vec<ProductId>>();
    SearchRule {
        rule_id: rule_id(number),
        query: term(query),
        pinned: ids(pinned),
        hidden: ids(hidden),
    }
}

fn change(
    expected: Option<u64>,
    synonyms: Option<Vec<Synonyms>>,
    stop_words: Option<Vec<SearchTerm>>,
) -> SearchSettingsCommand {
    SearchSettingsCommand::Change {
        expected,
        synonyms,
        stop_words,
    }
}

fn changed(synonyms: Option<Vec<Synonyms>>, stop_words: Option<Vec<SearchTerm>>) -> SearchSettingsEvent {
    SearchSettingsEvent::SearchSettingsChanged { synonyms, stop_words }
}

#[test]
fn lists_are_replaced_and_the_others_stay() {
    let sofa = vec![group(&["sofa", "couch"])];
    given::<SearchSettings>(vec![])
        .when(change(None, Some(sofa.clone()), None))
        .then_expect_events(vec![changed(Some(sofa.clone()), None)]);
    given::<SearchSettings>(vec![changed(Some(sofa.clone()), None)])
        .when(change(Some(1), Some(sofa.clone()), Some(vec![term("the")])))
        .then_expect_events(vec![changed(None, Some(vec![term("the")]))]);
    let state = fold::<SearchSettings>([
        changed(Some(sofa.clone()), None),
        changed(None, Some(vec![term("the")])),
        changed(Some(Vec::new()), None),
    ]);
    assert_eq!(
        (state.revision(), state.synonyms(), state.stop_words()),
        (3, &[][..], &[term("the")][..])
    );
    assert_eq!(stored(&state), state);
}

#[test]
fn setting_what_is_set_changes_nothing() {
    let sofa = vec![group(&["sofa", "couch"])];
    given::<SearchSettings>(vec![changed(Some(sofa.clone()), None)])
        .when(change(Some(1), Some(sofa), Some(Vec::new())))
        .then_expect_events(vec![]);
}

#[test]
fn a_stale_revision_is_refused() {
    given::<SearchSettings>(vec![changed(None, Some(vec![term("the")]))])
        .when(change(Some(0), None, Some(Vec::new())))
        .then_expect_error(SearchSettingsError::Stale { expected: 0, actual: 1 });
    // Rules are not part of what the revision counts.
    given::<SearchSettings>(vec![SearchSettingsEvent::SearchRuleCreated(rule(1, "mug", &[1], &[]))])
        .when(change(Some(0), None, Some(vec![term("the")])))
        .then_expect_events(vec![changed(None, Some(vec![term("the")]))]);
}

#[test]
fn lists_have_limits_and_no_word_twice() {
    let twice = vec![term("The"), term(" the ")];
    given::<SearchSettings>(vec![])
        .when(change(None, None, Some(twice)))
        .then_expect_error(SearchSettingsError::DuplicateStopWord { word: "the".into() });
    let many = (0..=MAX_STOP_WORDS).map(|number| term(&number.to_string())).collect();
    given::<SearchSettings>(vec![])
        .when(change(None, None, Some(many)))
        .then_expect_error(SearchSettingsError::TooManyStopWords);
    let many = (0..=MAX_SYNONYMS)
        .map(|number| group(&["a", &format!("b{number}")]))
        .collect();
    given::<SearchSettings>(vec![])
        .when(change(None, Some(many), None))
        .then_expect_error(SearchSettingsError::TooManySynonyms);
}

#[test]
fn synonyms_are_at_least_two_different_words() {
    let words = |words: &[&str]| words.iter().map(|word| term(word)).collect::<Vec<_>>();
    let code = |made: Result<Synonyms, ValueError>| made.map_err(|error| error.code());
    assert_eq!(code(Synonyms::group(words(&["sofa"]))), Err(ValueCode::Required));
    assert_eq!(
        code(Synonyms::group(words(&["sofa", "Sofa"]))),
        Err(ValueCode::Duplicate)
    );
    assert_eq!(
        code(Synonyms::one_way(term("sofa"), Vec::new())),
        Err(ValueCode::Required)
    );
    assert_eq!(
        code(Synonyms::one_way(term("sofa"), words(&["couch", "SOFA"]))),
        Err(ValueCode::Duplicate)
    );
    let many: Vec<_> = (0..60).map(|number| term(&format!("w{number}"))).collect();
    assert_eq!(code(Synonyms::group(many)), Err(ValueCode::TooMany));
    assert!(SearchTerm::new("  ").is_err() && SearchTerm::new("a\nb").is_err());
    assert!(SearchTerm::new("x".repeat(101)).is_err());
}

#[test]
fn a_query_has_one_rule() {
    let mugs = rule(1, "Red  mug", &[1, 2], &[3]);
    given::<SearchSettings>(vec![])
        .when(SearchSettingsCommand::CreateRule(mugs.clone()))
        .then_expect_events(vec![SearchSettingsEvent::SearchRuleCreated(mugs.clone())]);
    given::<SearchSettings>(vec![SearchSettingsEvent::SearchRuleCreated(mugs.clone())])
        .when(SearchSettingsCommand::CreateRule(rule(2, "red mug ", &[4], &[])))
        .then_expect_error(SearchSettingsError::RuleExists { rule_id: rule_id(1) });
    given::<SearchSettings>(vec![
        SearchSettingsEvent::SearchRuleCreated(mugs),
        SearchSettingsEvent::SearchRuleDeleted { rule_id: rule_id(1) },
    ])
    .when(SearchSettingsCommand::CreateRule(rule(2, "red mug", &[4], &[])))
    .then_expect_events(vec![SearchSettingsEvent::SearchRuleCreated(rule(
        2,
        "red mug",
        &[4],
        &[],
    ))]);
}

#[test]
fn a_rule_has_limits() {
    let many = |count: usize| (0..=u64::try_from(count).unwrap()).collect::<Vec<u64>>();
    for (rule, error) in [
        (rule(1, "mug", &[], &[]), SearchSettingsError::EmptyRule),
        (
            rule(1, "mug", &many(MAX_PINNED), &[]),
            SearchSettingsError::TooManyPinned,
        ),
        (
            rule(1, "mug", &[], &many(MAX_HIDDEN)),
            SearchSettingsError::TooManyHidden,
        ),
        (
            rule(1, "mug", &[1, 2], &[2]),
            SearchSettingsError::DuplicateProduct {
                product_id: product_id(2),
            },
        ),
    ] {
        given::<SearchSettings>(vec![])
            .when(SearchSettingsCommand::CreateRule(rule))
            .then_expect_error(error);
    }
    let full = (0..u64::try_from(MAX_RULES).unwrap())
        .map(|number| SearchSettingsEvent::SearchRuleCreated(rule(number, &format!("q{number}"), &[1], &[])));
    given::<SearchSettings>(full.collect())
        .when(SearchSettingsCommand::CreateRule(rule(9_999, "one more", &[1], &[])))
        .then_expect_error(SearchSettingsError::TooManyRules);
}

#[test]
fn a_rule_is_deleted_once() {
    let created = SearchSettingsEvent::SearchRuleCreated(rule(1, "mug", &[1], &[]));
    given::<SearchSettings>(vec![created])
        .when(SearchSettingsCommand::DeleteRule { rule_id: rule_id(1) })
        .then_expect_events(vec![SearchSettingsEvent::SearchRuleDeleted { rule_id: rule_id(1) }]);
    given::<SearchSettings>(vec![])
        .when(SearchSettingsCommand::DeleteRule { rule_id: rule_id(1) })
        .then_expect_error(SearchSettingsError::NoRule { rule_id: rule_id(1) });
}
