//! The settings of an index.

use std::collections::{BTreeMap, HashMap};

use meilisearch_sdk::settings::{
    FacetSortValue, FacetingSettings, FilterableAttribute, MinWordSizeForTypos, PaginationSetting, Settings as Sdk,
    TypoToleranceSettings,
};

use super::query::in_a_row;
use super::row::{hex, unhex};
use crate::language::{Language, english_pairs};
use crate::settings::{Settings, Synonyms};
use crate::stop_words::StopWords;
use crate::words::query_words;

/// The values of a facet that come back. More than are answered with, because they are sorted here, and words for corrections are
/// among them.
const MAX_VALUES: usize = 5_000;
/// What the code of the language begins with among the codes of words, which begin with an x.
const LANGUAGE: &str = "language";
/// As many hits as there can be.
const MAX_HITS: usize = 1_000_000_000;

/// What is searched, the most important first.
const SEARCHED: [&str; 5] = ["in_name", "in_sku", "in_category", "in_attributes", "in_description"];
const FILTERED: [&str; 12] = [
    "bits",
    "categories",
    "created",
    "currency",
    "in_stock",
    "key",
    "name_key",
    "price",
    "prices",
    "status",
    "units_sold",
    "values",
];
const SORTED: [&str; 6] = ["created", "currency", "key", "name_key", "price", "units_sold"];
const SHOWN: [&str; 9] = [
    "created",
    "currency",
    "description",
    "id",
    "in_description",
    "in_name",
    "name",
    "price",
    "units_sold",
];

/// Everything an index is set to, in the language that its texts have.
pub(super) fn all(settings: &Settings, language: Option<Language>) -> Sdk {
    let stop_words = StopWords::of(settings, language);
    let filtered = FILTERED
        .iter()
        .chain(&["words"])
        .map(|field| FilterableAttribute::Attribute((*field).to_owned()));
    let fixed = Sdk::new()
        .with_searchable_attributes(SEARCHED)
        .with_filterable_attributes_advanced(filtered)
        .with_sortable_attributes(SORTED)
        .with_displayed_attributes(SHOWN)
        .with_pagination(PaginationSetting {
            max_total_hits: MAX_HITS,
        })
        .with_faceting(FacetingSettings {
            max_values_per_facet: MAX_VALUES,
            sort_facet_values_by: Some(BTreeMap::from([("*".to_owned(), FacetSortValue::Count)])),
        })
        .with_typo_tolerance(typos(&stop_words));
    of_the_shop(fixed, settings, &stop_words)
}

/// Which words have no typos. Stop words of the server would be found by no query at all, so queries are rid of them before they are
/// sent: by what stands here, the language beside it.
pub(super) fn typos(stop_words: &StopWords) -> TypoToleranceSettings {
    let language = stop_words.language();
    let language = language.map(|language| format!("{LANGUAGE}{}", language.code()));
    let words = stop_words.own().map(|word| hex(word));
    TypoToleranceSettings {
        enabled: Some(true),
        disable_on_attributes: Some(vec!["in_sku".to_owned()]),
        disable_on_words: Some(words.chain(language).collect()),
        min_word_size_for_typos: Some(MinWordSizeForTypos {
            one_typo: Some(5),
            two_typos: Some(9),
        }),
        disable_on_numbers: Some(true),
    }
}

/// What a shop sets.
fn of_the_shop(fixed: Sdk, settings: &Settings, stop_words: &StopWords) -> Sdk {
    let mut rules = vec!["sort", "words", "typo", "proximity", "attribute", "exactness"];
    if settings.boosts.in_stock > 0.0 {
        rules.push("in_stock:desc");
    }
    if settings.boosts.best_selling > 0.0 {
        rules.push("units_sold:desc");
    }
    rules.push("key:asc");
    fixed
        .with_ranking_rules(rules)
        .with_synonyms(synonyms(settings, stop_words))
        .with_stop_words(std::iter::empty::<String>())
}

/// The stop words that an index was set to.
pub(super) fn stop_words(set: TypoToleranceSettings) -> StopWords {
    let codes = set.disable_on_words.unwrap_or_default();
    let mut languages = codes.iter().filter_map(|code| code.strip_prefix(LANGUAGE));
    let language = languages.find_map(Language::of_code);
    StopWords::with(language, codes.iter().filter_map(|code| unhex(code)))
}

fn synonyms(settings: &Settings, stop_words: &StopWords) -> HashMap<String, Vec<String>> {
    let mut synonyms: HashMap<String, Vec<String>> = HashMap::new();
    let mut add = |from: &str, to: &str| {
        let (from, to) = (in_a_row(&stop_words.phrase(from)), in_a_row(&query_words(to)));
        if !from.is_empty() && !to.is_empty() && from != to {
            synonyms.entry(from).or_default().push(to);
        }
    };
    for (left, right) in english_pairs() {
        add(left, right);
        add(right, left);
    }
    for rule in &settings.synonyms {
        match rule {
            Synonyms::Group { words } => words.iter().for_each(|from| words.iter().for_each(|to| add(from, to))),
            Synonyms::OneWay { from, to } => to.iter().for_each(|to| add(from, to)),
        }
    }
    synonyms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    fn asked(settings: &Settings, language: Option<Language>, typed: &str) -> Vec<String> {
        let known = stop_words(all(settings, language).typo_tolerance.unwrap());
        let request = Request {
            words: typed.to_owned(),
            ..Request::default()
        };
        known.asked(&request).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn the_language_and_the_words_of_the_shop_come_back_from_the_server() {
        let settings = Settings {
            stop_words: vec!["Hübsch".to_owned()],
            ..Settings::default()
        };
        let german = Some(Language::German);
        assert_eq!(
            asked(&settings, german, "hübsche Hose für die Dame ohne Gürtel und Bund"),
            ["hubsche", "hose", "dame"]
        );
        assert_eq!(asked(&settings, german, "hübsch Hose"), ["hose"]);
        assert_eq!(asked(&settings, None, "hübsch Hose für the"), ["hose", "fur"]);
        assert_eq!(stop_words(TypoToleranceSettings::default()).language(), None);
    }

    #[test]
    fn synonyms_are_asked_by_what_is_left_of_a_query() {
        let settings = Settings {
            synonyms: vec![Synonyms::OneWay {
                from: "Hose für Damen".to_owned(),
                to: vec!["Damenhose".to_owned()],
            }],
            ..Settings::default()
        };
        let of = |language| all(&settings, language).synonyms.unwrap();
        assert!(of(Some(Language::German)).contains_key("hose damen"));
        assert!(of(None).contains_key("hose fur damen"));
    }
}
