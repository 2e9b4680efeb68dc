use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::{ValueError, text::text};

text! {
    /// A word or phrase that people search for: 1 to 100 characters in one line.
    SearchTerm, values::SEARCH_TERM
}

impl SearchTerm {
    /// The text by which two spellings of a query are one: lower case, one space between words.
    #[must_use]
    pub fn folded(&self) -> String {
        values::folded(self.as_str())
    }

    /// The text by which two queries have one rule: the same without accents.
    #[must_use]
    pub fn plain(&self) -> String {
        let is_accent = |character: &char| ('\u{300}'..='\u{36f}').contains(character);
        self.folded().nfkd().filter(|character| !is_accent(character)).collect()
    }

    /// A query that can have a rule: signs alone find nothing.
    pub fn query(text: &str) -> Result<Self, ValueError> {
        values::SEARCH_QUERY.check(text).map(|text| Self(text.into()))
    }

    /// A stop word: one word, that no space, hyphen, apostrophe or other sign parts.
    pub fn stop_word(text: &str) -> Result<Self, ValueError> {
        values::STOP_WORD.check(text).map(|text| Self(text.into()))
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

impl Synonyms {
    /// Words that each find all of the others.
    pub fn group(words: Vec<SearchTerm>) -> Result<Self, ValueError> {
        values::synonym_group(&words)?;
        Ok(Self::Group { words })
    }

    /// A word that finds others too.
    pub fn one_way(from: SearchTerm, to: Vec<SearchTerm>) -> Result<Self, ValueError> {
        values::one_way_synonym(from.as_str(), &to)?;
        Ok(Self::OneWay { from, to })
    }
}
