use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::text::{line, text};
use crate::value::{ValueCode, ValueError};

/// Most words of a group, and most that a word finds.
pub const MAX_SYNONYM_WORDS: usize = 50;

text! {
    /// A word or phrase that people search for: 1 to 100 characters in one line.
    SearchTerm, "a word or phrase", 100, line, values::prose
}

impl SearchTerm {
    /// The text by which two spellings of a query are one: lower case, one space between words.
    #[must_use]
    pub fn folded(&self) -> String {
        let words: Vec<String> = self.as_str().split_whitespace().map(str::to_lowercase).collect();
        words.join(" ")
    }

    /// The text by which two queries have one rule: the same without accents.
    #[must_use]
    pub fn plain(&self) -> String {
        let is_accent = |character: &char| ('\u{300}'..='\u{36f}').contains(character);
        self.folded().nfkd().filter(|character| !is_accent(character)).collect()
    }

    /// A query that can have a rule: signs alone find nothing.
    pub fn query(text: &str) -> Result<Self, ValueError> {
        let term = Self::new(text)?;
        if term.as_str().chars().any(char::is_alphanumeric) {
            return Ok(term);
        }
        Err(ValueError::new(ValueCode::InvalidFormat, "a query has a word in it"))
    }

    /// A stop word: one word, that no space, hyphen, apostrophe or other sign parts.
    pub fn stop_word(text: &str) -> Result<Self, ValueError> {
        let term = Self::query(text)?;
        if term.as_str().contains(parts_words) {
            return Err(ValueError::new(
                ValueCode::InvalidFormat,
                "a stop word is one word, without signs",
            ));
        }
        Ok(term)
    }
}

fn parts_words(character: char) -> bool {
    match character {
        '\u{200c}' | '\u{200d}' => false,
        '\u{2010}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '·' => true,
        // Marks above and below letters part nothing.
        _ => !character.is_alphanumeric() && (character.is_ascii() || character.is_whitespace()),
    }
}

/// Words that a query may use for one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Synonyms {
    /// Each finds all of the others.
    Group {
        /// The words: at least two.
        words: Vec<SearchTerm>,
    },
    /// One finds the others; they don't find it.
    OneWay {
        /// What is typed.
        from: SearchTerm,
        /// What it finds too: at least one.
        to: Vec<SearchTerm>,
    },
}

/// Why words are no synonyms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SynonymsError {
    /// There is nothing to find beside the word itself.
    #[error("a group has at least two words, and a one-way synonym at least one to find")]
    TooFew,
    /// More than [`MAX_SYNONYM_WORDS`].
    #[error("at most {MAX_SYNONYM_WORDS} words are synonyms of one another")]
    TooMany,
    /// The same word twice.
    #[error("a word is there twice")]
    Duplicate,
}

impl Synonyms {
    /// Words that each find all of the others.
    pub fn group(words: Vec<SearchTerm>) -> Result<Self, SynonymsError> {
        if words.len() < 2 {
            return Err(SynonymsError::TooFew);
        }
        check(words.iter(), MAX_SYNONYM_WORDS)?;
        Ok(Self::Group { words })
    }

    /// A word that finds others too.
    pub fn one_way(from: SearchTerm, to: Vec<SearchTerm>) -> Result<Self, SynonymsError> {
        if to.is_empty() {
            return Err(SynonymsError::TooFew);
        }
        // The word itself comes on top of what it finds.
        check(std::iter::once(&from).chain(&to), MAX_SYNONYM_WORDS + 1)?;
        Ok(Self::OneWay { from, to })
    }
}

fn check<'a>(words: impl Iterator<Item = &'a SearchTerm>, most: usize) -> Result<(), SynonymsError> {
    let mut seen = std::collections::BTreeSet::new();
    for word in words {
        if !seen.insert(word.folded()) {
            return Err(SynonymsError::Duplicate);
        }
    }
    if seen.len() > most {
        return Err(SynonymsError::TooMany);
    }
    Ok(())
}
