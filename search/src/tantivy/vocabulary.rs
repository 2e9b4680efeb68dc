//! The words that an index knows.

use std::collections::HashMap;
use std::sync::OnceLock;

use levenshtein_automata::{DFA, Distance, LevenshteinAutomatonBuilder, SINK_STATE};
use tantivy::SegmentReader;
use tantivy::schema::Field;
use tantivy::termdict::TermDictionary;
use tantivy_fst::Automaton;

use super::alike::{Alike, frequent};
use super::segment::{Result, after};
use crate::language::Language;

/// The letters of a word that has other forms.
const MIN_STEMMED: usize = 3;
/// The letters that a longer word has in front of the one that it ends in.
pub(super) const MIN_FRONT: usize = 3;
/// The words of a segment that a beginning of few characters is remembered with: the most frequent ones.
const MAX_BEGUN: usize = 64;

/// A word of the index near to, or beginning with, what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) text: String,
    /// Typos between the two.
    pub(super) distance: u8,
    /// Products that have it, deleted ones included.
    pub(super) products: u64,
}

/// The words of all segments.
pub(super) struct Vocabulary<'a> {
    pub(super) segments: &'a [SegmentReader],
    pub(super) alike: &'a Alike,
    pub(super) words: Field,
}

impl Vocabulary<'_> {
    /// How many products have the word.
    pub(super) fn products(&self, word: &str) -> Result<u64> {
        let mut products = 0;
        for segment in self.segments {
            let index = segment.inverted_index(self.words)?;
            if let Some(info) = index.terms().get(word.as_bytes())? {
                products += u64::from(info.doc_freq);
            }
        }
        Ok(products)
    }

    /// Words that begin like this, the most frequent first.
    pub(super) fn beginning_with(&self, beginning: &str, most: usize) -> Result<Vec<Found>> {
        let mut found = HashMap::new();
        for segment in self.segments {
            let index = segment.inverted_index(self.words)?;
            let mut stream = index
                .terms()
                .range()
                .ge(beginning.as_bytes())
                .lt(after(beginning))
                .into_stream()?;
            while stream.advance() {
                add(&mut found, stream.key(), 0, stream.value().doc_freq);
            }
        }
        Ok(most_frequent(found, most))
    }

    /// The most frequent words that begin like this, for a beginning that many words have.
    pub(super) fn frequent_beginning_with(&self, beginning: &str, most: usize) -> Result<Vec<Found>> {
        self.like(&format!("{beginning}-"), beginning, |_| true, MAX_BEGUN, most)
    }

    /// The words that end like this and are longer by a word, the most frequent first.
    pub(super) fn ending_with(&self, end: &str, most: usize) -> Result<Vec<Found>> {
        let is_longer = |word: &str| {
            let front = word.strip_suffix(end);
            front.is_some_and(|front| front.chars().count() >= MIN_FRONT && front.chars().all(char::is_alphabetic))
        };
        self.like(&format!("-{end}"), "", is_longer, most, most)
    }

    /// The words with the stem of a word, the most frequent first.
    pub(super) fn same_stem(&self, word: &str, language: Language, most: usize) -> Result<Vec<Found>> {
        if word.chars().count() < MIN_STEMMED || !word.chars().all(char::is_alphabetic) {
            return Ok(Vec::new());
        }
        let stemmer = language.stemmer();
        let stem = stemmer.stem(word);
        // The end of a stem may have changed: `batteri` for `battery` and `batteries`, `bake` for `baking`.
        let length = stem.chars().count();
        let begins = stem
            .chars()
            .zip(word.chars())
            .take_while(|(left, right)| left == right)
            .count();
        let kept = if length > MIN_STEMMED {
            begins.min(length - 1)
        } else {
            begins.min(length)
        };
        if kept < 2 {
            return Ok(Vec::new());
        }
        let beginning: String = word.chars().take(kept).collect();
        let has_it = |other: &str| other != word && stemmer.stem(other) == stem;
        self.like(&format!("{language:?}={word}"), &beginning, has_it, most, most)
    }

    /// The words with a beginning that `is_like` says so of, of each segment only the most frequent. What is found is remembered by `name`.
    fn like(
        &self,
        name: &str,
        beginning: &str,
        is_like: impl Fn(&str) -> bool,
        of_each: usize,
        most: usize,
    ) -> Result<Vec<Found>> {
        let mut found = HashMap::new();
        for segment in self.segments {
            let read = || frequent(segment, self.words, beginning, &is_like, of_each);
            let words = self.alike.of(segment.segment_id(), name, read)?;
            for (word, documents) in words.iter() {
                add(&mut found, word.as_bytes(), 0, *documents);
            }
        }
        Ok(most_frequent(found, most))
    }

    /// Words within a number of typos, the nearest and most frequent first; with `prefix`, words that begin with such.
    pub(super) fn near(&self, word: &str, typos: u8, prefix: bool, most: usize) -> Result<Vec<Found>> {
        let Some(builder) = builder(typos) else {
            return Ok(Vec::new());
        };
        let automaton = Near(if prefix {
            builder.build_prefix_dfa(word)
        } else {
            builder.build_dfa(word)
        });
        let mut found = HashMap::new();
        for segment in self.segments {
            let index = segment.inverted_index(self.words)?;
            let terms: &TermDictionary = index.terms();
            let mut stream = terms.search(&automaton).into_stream()?;
            while stream.advance() {
                if let Distance::Exact(distance) = automaton.0.eval(stream.key()) {
                    add(&mut found, stream.key(), distance, stream.value().doc_freq);
                }
            }
        }
        Ok(most_frequent(found, most))
    }

    /// Calls with every word and how many products have it; a word of several segments several times.
    pub(super) fn each(&self, mut call: impl FnMut(&str, u32)) -> Result<()> {
        for segment in self.segments {
            let index = segment.inverted_index(self.words)?;
            let mut stream = index.terms().stream()?;
            while stream.advance() {
                if let Ok(text) = std::str::from_utf8(stream.key()) {
                    call(text, stream.value().doc_freq);
                }
            }
        }
        Ok(())
    }
}

fn add(found: &mut HashMap<Vec<u8>, (u8, u64)>, key: &[u8], distance: u8, products: u32) {
    match found.get_mut(key) {
        Some((_, sum)) => *sum += u64::from(products),
        None => {
            found.insert(key.to_vec(), (distance, u64::from(products)));
        }
    }
}

fn most_frequent(found: HashMap<Vec<u8>, (u8, u64)>, most: usize) -> Vec<Found> {
    let found = found.into_iter().filter_map(|(text, (distance, products))| {
        let text = String::from_utf8(text).ok()?;
        Some(Found {
            text,
            distance,
            products,
        })
    });
    let mut found: Vec<Found> = found.collect();
    found.sort_unstable_by(|left, right| {
        let by = |found: &Found| (found.distance, std::cmp::Reverse(found.products));
        by(left).cmp(&by(right)).then_with(|| left.text.cmp(&right.text))
    });
    found.truncate(most);
    found
}

/// Costly to make and always the same.
fn builder(typos: u8) -> Option<&'static LevenshteinAutomatonBuilder> {
    static ONE: OnceLock<LevenshteinAutomatonBuilder> = OnceLock::new();
    static TWO: OnceLock<LevenshteinAutomatonBuilder> = OnceLock::new();
    match typos {
        1 => Some(ONE.get_or_init(|| LevenshteinAutomatonBuilder::new(1, true))),
        2 => Some(TWO.get_or_init(|| LevenshteinAutomatonBuilder::new(2, true))),
        _ => None,
    }
}

struct Near(DFA);

impl Automaton for &Near {
    type State = u32;

    fn start(&self) -> u32 {
        self.0.initial_state()
    }

    fn is_match(&self, state: &u32) -> bool {
        matches!(self.0.distance(*state), Distance::Exact(_))
    }

    fn can_match(&self, state: &u32) -> bool {
        *state != SINK_STATE
    }

    fn accept(&self, state: &u32, byte: u8) -> u32 {
        self.0.transition(*state, byte)
    }
}
