//! From what was typed to what is looked up.

use std::collections::HashMap;

use super::ranking::Ranking;
use super::schema::MAX_BEGINNING;
use super::segment::Result;
use super::vocabulary::Vocabulary;
use crate::request::Request;
use crate::settings::{Settings, Synonyms};
use crate::stop_words::StopWords;
use crate::words::{bare_or_articled, query_words};

/// The words of a query that count.
pub(super) const MAX_WORDS: usize = 24;
/// The words that a beginning or a typo stands for.
const MAX_FOUND: usize = 4_096;
/// The words that a beginning of few characters stands for in the score.
const MAX_BEGUN: usize = 16;
/// The ways to cut a word in two that are tried further.
const MAX_CUTS: usize = 3;

/// Settings as queries need them.
#[derive(Default)]
pub(super) struct Rules {
    synonyms: HashMap<String, Vec<Vec<String>>>,
    longest: usize,
    stop_words: StopWords,
}

impl Rules {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut rules = Self {
            stop_words: StopWords::of(settings),
            ..Self::default()
        };
        for synonyms in &settings.synonyms {
            match synonyms {
                Synonyms::Group { words } => {
                    for from in words {
                        for to in words {
                            rules.add(from, to);
                        }
                    }
                }
                Synonyms::OneWay { from, to } => {
                    for to in to {
                        rules.add(from, to);
                    }
                }
            }
        }
        rules
    }

    fn add(&mut self, from: &str, to: &str) {
        let (from, to) = (self.stop_words.phrase(from), query_words(to));
        if from.is_empty() || to.is_empty() || from == to {
            return;
        }
        self.longest = self.longest.max(from.len());
        self.synonyms.entry(from.join(" ")).or_default().push(to);
    }
}

/// What is looked up.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Every one of them has to be found.
    pub(super) words: Vec<Word>,
    /// What stands for several words in a row.
    pub(super) spans: Vec<Span>,
}

/// A word and what stands for it.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) alternatives: Vec<Alternative>,
    pub(super) synonyms: Vec<Alternative>,
}

impl Word {
    pub(super) fn all(&self) -> impl Iterator<Item = &Alternative> {
        self.alternatives.iter().chain(&self.synonyms)
    }
}

/// What stands for some words in a row.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) words: std::ops::Range<usize>,
    pub(super) alternatives: Vec<Alternative>,
    pub(super) synonyms: Vec<Alternative>,
}

impl Span {
    pub(super) fn all(&self) -> impl Iterator<Item = &Alternative> {
        self.alternatives.iter().chain(&self.synonyms)
    }
}

/// One way to find a word.
#[derive(Debug)]
pub(super) enum Alternative {
    /// By a word of the index, worth that much.
    Term { text: String, weight: f32 },
    /// By the first characters of any word; the score is that of the words that are listed.
    Beginning { text: String, words: Vec<String> },
    /// By words of the index side by side.
    Phrase { words: Vec<String>, weight: f32 },
}

/// Which words may have typos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typos {
    /// Those that would find nothing.
    InUnknown,
    /// All.
    Everywhere,
}

/// The words of a request, the stop words left out.
pub(super) fn asked(request: &Request, rules: &Rules) -> Vec<String> {
    let mut words = rules.stop_words.asked(request);
    words.truncate(MAX_WORDS);
    words
}

/// Typos that a word of that length may have. Numbers have none: another number is another thing.
pub(super) fn typos(word: &str) -> u8 {
    if !word.chars().all(char::is_alphabetic) {
        return 0;
    }
    match word.chars().count() {
        0..5 => 0,
        5..9 => 1,
        _ => 2,
    }
}

pub(super) struct Planner<'a> {
    pub(super) vocabulary: &'a Vocabulary<'a>,
    pub(super) rules: &'a Rules,
    pub(super) ranking: &'a Ranking,
    /// Whether the last word may be the beginning of a longer one.
    pub(super) as_you_type: bool,
    pub(super) typos: Typos,
}

impl Planner<'_> {
    pub(super) fn plan(&self, asked: &[String]) -> Result<Plan> {
        let mut plan = Plan::default();
        self.spans(asked, &mut plan)?;
        for (at, text) in asked.iter().enumerate() {
            let unfinished = self.as_you_type && at + 1 == asked.len();
            let spanned = plan.spans.iter().any(|span| span.words.contains(&at));
            plan.words.push(self.word(text, unfinished, spanned)?);
        }
        Ok(plan)
    }

    fn word(&self, word: &str, unfinished: bool, spanned: bool) -> Result<Word> {
        let (mut alternatives, mut synonyms) = (Vec::new(), Vec::new());
        self.term(word, 1.0, &mut alternatives)?;
        if unfinished {
            self.beginning(word, &mut alternatives)?;
        } else {
            for variant in variants(word) {
                self.term(&variant, self.ranking.variant, &mut alternatives)?;
            }
        }
        for synonym in self.synonyms(word) {
            self.sequence(synonym, self.ranking.synonym, &mut synonyms)?;
        }
        self.cuts(word, &mut alternatives)?;
        let typos = typos(word);
        let unknown = alternatives.is_empty() && synonyms.is_empty() && !spanned;
        if typos > 0 && (unknown || self.typos == Typos::Everywhere) {
            for found in self.vocabulary.near(word, typos, unfinished, MAX_FOUND)? {
                if found.distance > 0 {
                    alternatives.push(Alternative::Term {
                        weight: self.ranking.typo.powi(i32::from(found.distance)),
                        text: found.text,
                    });
                }
            }
        }
        Ok(Word { alternatives, synonyms })
    }

    fn term(&self, word: &str, weight: f32, alternatives: &mut Vec<Alternative>) -> Result<()> {
        if self.vocabulary.products(word)? > 0 {
            alternatives.push(Alternative::Term {
                text: word.to_owned(),
                weight,
            });
        }
        Ok(())
    }

    fn beginning(&self, word: &str, alternatives: &mut Vec<Alternative>) -> Result<()> {
        let short = word.chars().count() <= MAX_BEGINNING;
        let found = if short {
            self.vocabulary.frequent_beginning_with(word, MAX_BEGUN)?
        } else {
            self.vocabulary.beginning_with(word, MAX_FOUND)?
        };
        let longer = found.into_iter().map(|found| found.text).filter(|text| text != word);
        if short {
            let words: Vec<String> = longer.collect();
            if !words.is_empty() {
                alternatives.push(Alternative::Beginning {
                    text: word.to_owned(),
                    words,
                });
            }
        } else {
            alternatives.extend(longer.map(|text| Alternative::Term {
                text,
                weight: self.ranking.beginning,
            }));
        }
        Ok(())
    }

    fn synonyms(&self, words: &str) -> impl Iterator<Item = &Vec<String>> {
        let found = self.rules.synonyms.get(words).or_else(|| {
            let mut variants = variants(words);
            variants.find_map(|variant| self.rules.synonyms.get(&variant))
        });
        found.into_iter().flatten()
    }

    fn sequence(&self, words: &[String], weight: f32, alternatives: &mut Vec<Alternative>) -> Result<()> {
        if let [word] = words {
            self.term(word, weight, alternatives)?;
            for variant in variants(word) {
                self.term(&variant, weight * self.ranking.variant, alternatives)?;
            }
            return Ok(());
        }
        for word in words {
            if self.vocabulary.products(word)? == 0 {
                return Ok(());
            }
        }
        alternatives.push(Alternative::Phrase {
            words: words.to_vec(),
            weight,
        });
        Ok(())
    }

    /// The word as two words: `smartwatch` as `smart watch`, `4gb` as `4 gb`.
    fn cuts(&self, word: &str, alternatives: &mut Vec<Alternative>) -> Result<()> {
        let mut cuts = Vec::new();
        let mut before: Option<char> = None;
        let length = word.chars().count();
        for (count, (at, character)) in word.char_indices().enumerate() {
            let changes = before.is_some_and(|before| before.is_numeric() != character.is_numeric());
            before = Some(character);
            let long_enough = length >= 5 && count >= 2 && length - count >= 2;
            if count == 0 || !(changes || long_enough) || !word.is_ascii() {
                continue;
            }
            let (left, right) = word.split_at(at);
            let products = self.vocabulary.products(left)?.min(self.vocabulary.products(right)?);
            if products > 0 {
                cuts.push((products, left, right));
            }
        }
        cuts.sort_unstable_by(|left, right| right.cmp(left));
        for (_, left, right) in cuts.into_iter().take(MAX_CUTS) {
            alternatives.push(Alternative::Phrase {
                words: vec![left.to_owned(), right.to_owned()],
                weight: self.ranking.cut,
            });
        }
        Ok(())
    }

    /// Words in a row written as one word, and synonyms of several words.
    fn spans(&self, asked: &[String], plan: &mut Plan) -> Result<()> {
        for from in 0..asked.len() {
            for length in 2..=self.rules.longest.max(3) {
                let Some(words) = asked.get(from..from + length) else {
                    break;
                };
                let (mut alternatives, mut synonyms) = (Vec::new(), Vec::new());
                for synonym in self.rules.synonyms.get(&words.join(" ")).into_iter().flatten() {
                    self.sequence(synonym, self.ranking.synonym, &mut synonyms)?;
                }
                if length <= 3 {
                    let joined = words.concat();
                    self.term(&joined, self.ranking.joined, &mut alternatives)?;
                    for variant in variants(&joined) {
                        self.term(&variant, self.ranking.joined * self.ranking.variant, &mut alternatives)?;
                    }
                }
                if !alternatives.is_empty() || !synonyms.is_empty() {
                    plan.spans.push(Span {
                        words: from..from + length,
                        alternatives,
                        synonyms,
                    });
                }
            }
        }
        Ok(())
    }
}

/// The plural of a singular and the singular of a plural, and Arabic words with and without the article, as far as the spelling tells.
fn variants(word: &str) -> impl Iterator<Item = String> {
    let mut variants = Vec::new();
    let usable = word.len() >= 3 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    if usable {
        if let Some(stem) = word.strip_suffix("ies") {
            variants.push(format!("{stem}y"));
        }
        if let Some(stem) = word.strip_suffix('y') {
            variants.push(format!("{stem}ies"));
        }
        if let Some(stem) = word.strip_suffix("es").filter(|stem| stem.len() >= 3) {
            variants.push(stem.to_owned());
        }
        match word.strip_suffix('s') {
            Some(stem) if stem.len() >= 2 && !stem.ends_with('s') => variants.push(stem.to_owned()),
            Some(_) => variants.push(format!("{word}es")),
            None => variants.extend([format!("{word}s"), format!("{word}es")]),
        }
    }
    variants.extend(bare_or_articled(word));
    variants.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_and_singulars_find_each_other() {
        let has = |word: &str, other: &str| variants(word).any(|variant| variant == other);
        for (singular, plural) in [
            ("laptop", "laptops"),
            ("battery", "batteries"),
            ("box", "boxes"),
            ("glass", "glasses"),
            ("case", "cases"),
            ("قاموس", "القاموس"),
        ] {
            assert!(has(singular, plural), "{singular}");
            assert!(has(plural, singular), "{plural}");
        }
        assert_eq!(variants("4gb").count(), 0);
        assert_eq!(variants("tv").count(), 0);
    }

    #[test]
    fn long_words_may_have_typos_and_numbers_none() {
        assert_eq!(
            ["case", "laptop", "keyboards", "rtx2060", "éclair"].map(typos),
            [0, 1, 2, 0, 1]
        );
    }
}
