//! Words that carry no meaning.

use std::collections::HashSet;

use crate::language::{Language, has_digits};
use crate::request::{MAX_WORDS_CHARS, Request};
use crate::settings::Settings;
use crate::words::{Asked, query, query_words};

/// The words to leave out of queries: those of a language, and those of a shop, folded.
#[derive(Debug, Default)]
pub(crate) struct StopWords {
    language: Option<Language>,
    own: HashSet<String>,
}

impl StopWords {
    /// Those of a shop, of which the language is known or not.
    pub(crate) fn of(settings: &Settings, language: Option<Language>) -> Self {
        let single = |word: &String| <[String; 1]>::try_from(query_words(word)).ok();
        let own = settings.stop_words.iter().filter_map(single).map(|[word]| word);
        Self {
            language,
            own: own.collect(),
        }
    }

    /// Those of the shop.
    pub(crate) fn own(&self) -> impl Iterator<Item = &String> {
        self.own.iter()
    }

    /// The words of a request that are looked for. One that is still being typed may become another word.
    pub(crate) fn asked(&self, request: &Request) -> Vec<Asked> {
        let typed: String = request.words.chars().take(MAX_WORDS_CHARS).collect();
        let words = query(&typed, request.as_you_type);
        let finished = words.len() - usize::from(request.as_you_type && !words.is_empty());
        self.without(words, finished)
    }

    /// The words of a phrase that a query is compared with.
    pub(crate) fn phrase(&self, text: &str) -> Vec<String> {
        let words = query(text, false);
        let all = words.len();
        self.without(words, all).into_iter().map(|asked| asked.text).collect()
    }

    /// Leaves out those of the first words that carry no meaning, and the word that is not wanted behind a `without`; what is nothing
    /// else stays as it is.
    fn without(&self, words: Vec<Asked>, finished: usize) -> Vec<Asked> {
        let language = self.language.unwrap_or_default();
        let is_empty = |word: &str| self.own.contains(word) || language.is_function(word);
        let mut kept = Vec::with_capacity(words.len());
        let mut unwanted = false;
        for (at, word) in words.iter().enumerate() {
            let finished = at < finished;
            let next = words.get(at + 1);
            // `No 5` is a number.
            if finished && language.is_without(&word.text) && next.is_some_and(|next| !has_digits(&next.text)) {
                unwanted = true;
                continue;
            }
            // An article stands between `without` and its word.
            let counts = !(finished && is_empty(&word.text));
            if counts && !std::mem::take(&mut unwanted) {
                kept.push(word.clone());
            }
        }
        if kept.is_empty() { words } else { kept }
    }
}

impl FromIterator<String> for StopWords {
    fn from_iter<T: IntoIterator<Item = String>>(words: T) -> Self {
        Self {
            language: None,
            own: words.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(language: Option<Language>, typed: &str) -> Vec<String> {
        StopWords::of(&Settings::default(), language).phrase(typed)
    }

    #[test]
    fn function_words_are_left_out_by_language() {
        assert_eq!(asked(None, "Sandals for the women"), ["sandals", "women"]);
        assert_eq!(
            asked(Some(Language::German), "Sandalen für die Dame"),
            ["sandalen", "dame"]
        );
        assert_eq!(asked(Some(Language::English), "die cast car"), ["die", "cast", "car"]);
        assert_eq!(asked(None, "to be"), ["to", "be"], "nothing else");
    }

    #[test]
    fn what_is_not_wanted_is_not_asked_for() {
        assert_eq!(asked(None, "tires without rims"), ["tires"]);
        assert_eq!(asked(None, "bags without a handle red"), ["bags", "red"]);
        assert_eq!(asked(None, "chanel no 5"), ["chanel", "no", "5"]);
        assert_eq!(asked(Some(Language::German), "Kaffee ohne Zucker"), ["kaffee"]);
        assert_eq!(asked(None, "without"), ["without"]);
    }
}
