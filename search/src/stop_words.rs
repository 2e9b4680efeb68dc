//! Words that carry no meaning.

use std::collections::HashSet;

use crate::request::{MAX_WORDS_CHARS, Request};
use crate::settings::Settings;
use crate::words::query_words;

/// The words to leave out of queries, folded.
#[derive(Debug, Default)]
pub(crate) struct StopWords(HashSet<String>);

impl StopWords {
    pub(crate) fn of(settings: &Settings) -> Self {
        let single = |word: &String| <[String; 1]>::try_from(query_words(word)).ok();
        settings
            .stop_words
            .iter()
            .filter_map(single)
            .map(|[word]| word)
            .collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &String> {
        self.0.iter()
    }

    /// The words of a request that are looked for. One that is still being typed may become another word.
    pub(crate) fn asked(&self, request: &Request) -> Vec<String> {
        let typed: String = request.words.chars().take(MAX_WORDS_CHARS).collect();
        let words = query_words(&typed);
        let finished = words.len() - usize::from(request.as_you_type && !words.is_empty());
        self.without(words, finished)
    }

    /// The words of a phrase that a query is compared with.
    pub(crate) fn phrase(&self, text: &str) -> Vec<String> {
        let words = query_words(text);
        let all = words.len();
        self.without(words, all)
    }

    /// Leaves out those of the first words that carry no meaning; what is nothing else stays as it is.
    fn without(&self, words: Vec<String>, finished: usize) -> Vec<String> {
        let means = |(at, word): &(usize, &String)| *at >= finished || !self.0.contains(*word);
        let kept: Vec<String> = words
            .iter()
            .enumerate()
            .filter(means)
            .map(|(_, word)| word.clone())
            .collect();
        if kept.is_empty() { words } else { kept }
    }
}

impl FromIterator<String> for StopWords {
    fn from_iter<T: IntoIterator<Item = String>>(words: T) -> Self {
        Self(words.into_iter().collect())
    }
}
