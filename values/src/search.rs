//! What the lists of the search settings have to be.

use std::collections::BTreeSet;

use crate::value::{ValueCode, ValueError};

/// Most words of a group, and most that a word finds.
pub const MAX_SYNONYM_WORDS: usize = 50;
/// Most groups and one-way synonyms.
pub const MAX_SYNONYMS: usize = 1_000;
/// Most stop words.
pub const MAX_STOP_WORDS: usize = 1_000;
/// Most products that a rule shows first.
pub const MAX_PINNED: usize = 20;
/// Most products that a rule hides.
pub const MAX_HIDDEN: usize = 100;

/// The text by which two spellings of a query are one: lower case, one space between words.
#[must_use]
pub fn folded(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// Words that each find all of the others.
///
/// # Errors
/// When they are too few or too many, or one is there twice.
pub fn synonym_group<T: AsRef<str>>(words: &[T]) -> Result<(), ValueError> {
    if words.len() < 2 {
        return Err(too_few());
    }
    few(&words.iter().map(AsRef::as_ref).collect::<Vec<_>>(), MAX_SYNONYM_WORDS)
}

/// A word that finds others too.
///
/// # Errors
/// When they are too few or too many, or one is there twice.
pub fn one_way_synonym<T: AsRef<str>>(from: &str, to: &[T]) -> Result<(), ValueError> {
    if to.is_empty() {
        return Err(too_few());
    }
    // The word itself comes on top of what it finds.
    let all = std::iter::once(from).chain(to.iter().map(AsRef::as_ref));
    few(&all.collect::<Vec<_>>(), MAX_SYNONYM_WORDS + 1)
}

/// The first word that is there a second time, however it is spelt.
pub fn repeated<T: AsRef<str>>(words: &[T]) -> Option<&T> {
    let mut seen = BTreeSet::new();
    words.iter().find(|word| !seen.insert(folded(word.as_ref())))
}

/// Words that are there once each.
///
/// # Errors
/// When one is there twice.
pub fn distinct_words<T: AsRef<str>>(words: &[T]) -> Result<(), ValueError> {
    match repeated(words) {
        Some(_) => Err(ValueError::new(ValueCode::Duplicate, "a word is there twice")),
        None => Ok(()),
    }
}

fn too_few() -> ValueError {
    ValueError::new(
        ValueCode::Required,
        "a group has at least two words, and a one-way synonym at least one to find",
    )
}

fn few(words: &[&str], most: usize) -> Result<(), ValueError> {
    distinct_words(words)?;
    if words.len() > most {
        return Err(ValueError::new(
            ValueCode::TooMany,
            format!("at most {MAX_SYNONYM_WORDS} words are synonyms of one another"),
        ));
    }
    Ok(())
}
