//! Plans a search: from the words that were typed to the terms that are looked up.

use std::collections::{HashMap, HashSet};

use super::ranking::Ranking;
use super::schema::MAX_BEGINNING;
use super::segment::Result;
use super::vocabulary::{MIN_FRONT, Vocabulary};
use crate::language::{Language, has_digits, plurals, spellings};
use crate::parts::apart;
use crate::request::Request;
use crate::settings::{Settings, Synonyms};
use crate::stop_words::StopWords;
use crate::words::{Asked, query_words};

/// The words of a query that count.
pub(super) const MAX_WORDS: usize = 24;
/// The words that a beginning, an end, a stem or a typo stands for.
const MAX_FOUND: usize = 4_096;
/// The words that a beginning of few characters stands for in the score.
const MAX_BEGUN: usize = 16;
/// The ways to cut a word in two that are tried further.
const MAX_CUTS: usize = 3;
/// The letters of a word that longer words may end in to be a kind of it.
const MIN_HEAD: usize = 3;
/// So many letters no other word ends in by chance. Of fewer, what stands in front has to be a word too: `Hose` is in `Jogginghose`,
/// and `Uhr` not in `Abfuhr`.
const SURE_HEAD: usize = 5;
/// The products that have a word which its two halves with one word between stand for too.
const RARE: u64 = 10;

/// Settings as queries need them.
#[derive(Default)]
pub(super) struct Rules {
    synonyms: HashMap<String, Vec<Vec<String>>>,
    longest: usize,
    stop_words: StopWords,
    language: Option<Language>,
}

impl Rules {
    pub(super) fn new(settings: &Settings, language: Option<Language>) -> Self {
        let mut rules = Self {
            stop_words: StopWords::of(settings, language),
            language,
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
    /// What it counts among the words that a product has.
    pub(super) share: f32,
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
    /// By words of the index one after the other, with up to so many others between them.
    Phrase {
        words: Vec<String>,
        weight: f32,
        between: u32,
    },
}

/// Which words may have typos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typos {
    /// None.
    Nowhere,
    /// Those that would find nothing.
    InUnknown,
    /// All.
    Everywhere,
}

/// The words of a request, the stop words left out.
pub(super) fn asked(request: &Request, rules: &Rules) -> Vec<Asked> {
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
    pub(super) fn plan(&self, asked: &[Asked]) -> Result<Plan> {
        let mut plan = Plan::default();
        self.spans(asked, &mut plan)?;
        for (at, word) in asked.iter().enumerate() {
            let unfinished = self.as_you_type && at + 1 == asked.len();
            let spanned = plan.spans.iter().any(|span| span.words.contains(&at));
            plan.words.push(self.word(word, unfinished, spanned)?);
        }
        Ok(plan)
    }

    fn word(&self, asked: &Asked, unfinished: bool, spanned: bool) -> Result<Word> {
        let (mut alternatives, mut synonyms) = (Vec::new(), Vec::new());
        let word = asked.text.as_str();
        self.term(word, 1.0, &mut alternatives)?;
        self.forms(asked, unfinished, &mut alternatives)?;
        if unfinished {
            self.beginning(word, &mut alternatives)?;
        }
        for synonym in self.synonyms(word) {
            self.sequence(synonym, self.ranking.synonym, &mut synonyms)?;
        }
        self.cuts(word, &mut alternatives)?;
        let typos = typos(word);
        let unknown = alternatives.is_empty() && synonyms.is_empty() && !spanned;
        let allowed = match self.typos {
            Typos::Nowhere => false,
            Typos::InUnknown => unknown,
            Typos::Everywhere => true,
        };
        if typos > 0 && allowed {
            for found in self.vocabulary.near(word, typos, unfinished, MAX_FOUND)? {
                if found.distance > 0 {
                    alternatives.push(Alternative::Term {
                        weight: self.ranking.typo.powi(i32::from(found.distance)),
                        text: found.text,
                    });
                }
            }
        }
        Ok(Word {
            alternatives,
            synonyms,
            share: if has_digits(word) { self.ranking.number } else { 1.0 },
        })
    }

    /// The word as others spell it, its plural or singular, its other forms, and the words that end in one of these. Of an unfinished
    /// word without those that begin with it.
    fn forms(&self, asked: &Asked, unfinished: bool, alternatives: &mut Vec<Alternative>) -> Result<()> {
        let language = self.rules.language;
        let word = asked.text.as_str();
        let is_begun = |form: &str| unfinished && form.starts_with(word);
        let mut forms: Vec<(String, f32)> = Vec::new();
        let mut add = |form: String, weight: f32| {
            if form != word && !is_begun(&form) && forms.iter().all(|(known, _)| *known != form) {
                forms.push((form, weight));
            }
        };
        // A word that no product has may be of another language.
        let spelled_in = language.filter(|_| !alternatives.is_empty());
        for spelled in spellings(word, spelled_in).into_iter().chain(asked.spelled.clone()) {
            add(spelled, self.ranking.spelling);
        }
        for plural in plurals(word) {
            add(plural, self.ranking.variant);
        }
        for found in self
            .vocabulary
            .same_stem(word, language.unwrap_or_default(), MAX_FOUND)?
        {
            add(found.text, self.ranking.stem);
        }
        let mut heads = vec![word.to_owned()];
        for (form, weight) in forms {
            let known = alternatives.len();
            self.term(&form, weight, alternatives)?;
            if alternatives.len() > known {
                heads.push(form);
            }
        }
        if language.is_none_or(Language::joins_words) {
            self.joined(&heads, unfinished, alternatives)?;
        }
        Ok(())
    }

    /// The words that end in one of these.
    fn joined(&self, heads: &[String], unfinished: bool, alternatives: &mut Vec<Alternative>) -> Result<()> {
        let mut known: HashSet<String> = HashSet::new();
        for head in heads {
            let letters = head.chars().count();
            // Few letters are most often the beginning of another word.
            if letters < if unfinished { SURE_HEAD } else { MIN_HEAD } {
                continue;
            }
            for found in self.vocabulary.ending_with(head, MAX_FOUND)? {
                let front = &found.text[..found.text.len() - head.len()];
                let is_begun = unfinished && found.text.starts_with(heads[0].as_str());
                let is_kind = letters >= SURE_HEAD || self.is_front(front)?;
                if is_kind && !is_begun && known.insert(found.text.clone()) {
                    alternatives.push(Alternative::Term {
                        text: found.text,
                        weight: self.ranking.head,
                    });
                }
            }
        }
        Ok(())
    }

    /// Whether what stands in front of the end of a word is a word of the index, with or without the letters that link the two.
    fn is_front(&self, front: &str) -> Result<bool> {
        for link in ["", "s", "n", "es", "en", "er"] {
            if let Some(word) = front.strip_suffix(link)
                && word.chars().count() >= MIN_FRONT
                && self.vocabulary.products(word)? > 0
            {
                return Ok(true);
            }
        }
        Ok(false)
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
            let plurals = plurals(words);
            plurals.iter().find_map(|plural| self.rules.synonyms.get(plural))
        });
        found.into_iter().flatten()
    }

    fn sequence(&self, words: &[String], weight: f32, alternatives: &mut Vec<Alternative>) -> Result<()> {
        if let [word] = words {
            self.term(word, weight, alternatives)?;
            for variant in plurals(word) {
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
            between: 0,
        });
        Ok(())
    }

    /// The word as two words: `smartwatch` as `smart watch`, `4gb` as `4 gb`.
    fn cuts(&self, word: &str, alternatives: &mut Vec<Alternative>) -> Result<()> {
        let pieces = apart(word);
        if pieces.len() > 2 {
            self.sequence(&pieces, self.ranking.cut, alternatives)?;
        }
        let mut cuts = Vec::new();
        let mut before: Option<char> = None;
        let length = word.chars().count();
        for (count, (at, character)) in word.char_indices().enumerate() {
            let changes = before.is_some_and(|before| before.is_numeric() != character.is_numeric());
            before = Some(character);
            let long_enough = length >= 5 && count >= 2 && length - count >= 2 && word.is_ascii();
            if count == 0 || !(changes || long_enough) {
                continue;
            }
            let (left, right) = word.split_at(at);
            let products = self.vocabulary.products(left)?.min(self.vocabulary.products(right)?);
            if products > 0 {
                cuts.push((products, left, right));
            }
        }
        cuts.sort_unstable_by(|left, right| right.cmp(left));
        let rare = !cuts.is_empty() && self.vocabulary.products(word)? < RARE;
        for (_, left, right) in cuts.into_iter().take(MAX_CUTS) {
            // `firestick` is a `Fire TV Stick` too.
            for between in 0..=u32::from(rare) {
                alternatives.push(Alternative::Phrase {
                    words: vec![left.to_owned(), right.to_owned()],
                    weight: self.ranking.cut,
                    between,
                });
            }
        }
        Ok(())
    }

    /// Words in a row written as one word, and synonyms of several words.
    fn spans(&self, asked: &[Asked], plan: &mut Plan) -> Result<()> {
        for from in 0..asked.len() {
            for length in 2..=self.rules.longest.max(3) {
                let Some(words) = asked.get(from..from + length) else {
                    break;
                };
                let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
                let (mut alternatives, mut synonyms) = (Vec::new(), Vec::new());
                for synonym in self.rules.synonyms.get(&words.join(" ")).into_iter().flatten() {
                    self.sequence(synonym, self.ranking.synonym, &mut synonyms)?;
                }
                if length <= 3 {
                    let joined = words.concat();
                    self.term(&joined, self.ranking.joined, &mut alternatives)?;
                    for variant in plurals(&joined) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_may_have_typos_and_numbers_none() {
        assert_eq!(
            ["case", "laptop", "keyboards", "rtx2060", "éclair"].map(typos),
            [0, 1, 2, 0, 1]
        );
    }
}
