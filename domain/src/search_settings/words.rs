use serde::{Deserialize, Serialize};

use crate::text::{line, text};

/// Most words of a group, and most that a word finds.
pub const MAX_SYNONYM_WORDS: usize = 50;

text! {
    /// A word or phrase that people search for: 1 to 100 characters in one line.
    SearchTerm, "a word or phrase", 100, line, |text| text.trim().into()
}

impl SearchTerm {
    /// The text by which two spellings of a query are one: lower case, one space between words.
    #[must_use]
    pub fn folded(&self) -> String {
        let words: Vec<String> = self.as_str().split_whitespace().map(str::to_lowercase).collect();
        words.join(" ")
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
        check(words.iter())?;
        Ok(Self::Group { words })
    }

    /// A word that finds others too.
    pub fn one_way(from: SearchTerm, to: Vec<SearchTerm>) -> Result<Self, SynonymsError> {
        if to.is_empty() {
            return Err(SynonymsError::TooFew);
        }
        check(std::iter::once(&from).chain(&to))?;
        Ok(Self::OneWay { from, to })
    }
}

fn check<'a>(words: impl Iterator<Item = &'a SearchTerm>) -> Result<(), SynonymsError> {
    let mut seen = std::collections::BTreeSet::new();
    for word in words {
        if !seen.insert(word.folded()) {
            return Err(SynonymsError::Duplicate);
        }
    }
    // The word itself comes on top of what it finds.
    if seen.len() > MAX_SYNONYM_WORDS + 1 {
        return Err(SynonymsError::TooMany);
    }
    Ok(())
}
