//! Cuts texts into the words that are searched. Documents, queries and highlights are cut alike.

use crate::measures::{Measure, measures};
use crate::parts::{Part, parts, word};

/// The Arabic article, which is written as part of the word.
const ARTICLE: &str = "ال";
/// The most words in a row that are searched as one word too (`wi-fi` as `wifi`).
const MAX_JOINED: usize = 6;

/// A word, folded, with its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// The word.
    pub(crate) text: String,
    /// Which word of the text it is.
    pub(crate) position: usize,
    /// Its bytes in the text.
    pub(crate) range: (usize, usize),
}

/// A word of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// As it is looked up.
    pub(crate) text: String,
    /// As it was typed.
    pub(crate) typed: String,
    /// With its umlauts written out, if it has any.
    pub(crate) spelled: Option<String>,
    /// A hyphen or an ampersand joins it to the word before: `show` of `no-show`.
    pub(crate) joined_before: bool,
    /// And to the word behind: `no` of `no-show`.
    pub(crate) joined_behind: bool,
}

/// What a document is found by: its words, words that punctuation joins also as one, letters and digits also apart, measures in one
/// unit, and of scripts without spaces every character and every two.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let parts = parts(text);
    let mut starts = Vec::with_capacity(parts.len());
    let mut position = 0;
    for part in &parts {
        starts.push(position);
        position += part.places();
    }
    let mut tokens = Vec::with_capacity(position);
    let mut at = 0;
    while at < parts.len() {
        let row = row_length(&parts[at..]).max(1);
        let joined = &parts[at..at + row];
        if row > 1 && row <= MAX_JOINED && !is_fraction(joined) {
            tokens.push(Token {
                text: joined.iter().map(|part| part.text.as_str()).collect(),
                position: starts[at],
                range: (joined[0].range.0, joined[row - 1].range.1),
            });
        }
        at += row;
    }
    for (part, start) in parts.iter().zip(&starts) {
        if part.unspaced {
            characters(part, *start, &mut tokens);
            continue;
        }
        tokens.push(Token {
            text: part.text.clone(),
            position: *start,
            range: part.range,
        });
        for (at, piece) in part.pieces.iter().enumerate() {
            tokens.push(Token {
                text: piece.text.clone(),
                position: start + at,
                range: piece.range,
            });
        }
    }
    for Measure { text, from, to } in measures(&parts) {
        let (first, last) = (&parts[from.0], &parts[to.0]);
        if first.text != text {
            let begins = first.pieces.get(from.1).map_or(first.range.0, |piece| piece.range.0);
            let ends = last.pieces.get(to.1).map_or(last.range.1, |piece| piece.range.1);
            tokens.push(Token {
                text,
                position: starts[from.0] + from.1,
                range: (begins, ends),
            });
        }
    }
    tokens.sort_by_key(|token| token.position);
    tokens
}

/// What a query asks for, word by word; measures as one word in one unit; of scripts without spaces every two characters, so that they
/// are found side by side. With `unfinished` the last word is still being typed, and not yet part of a measure.
pub(crate) fn query(text: &str, unfinished: bool) -> Vec<Asked> {
    let parts = parts(text);
    let mut measures = measures(&parts);
    measures.retain(|measure| {
        let whole = measure.from.1 == 0 && measure.to.1 + 1 >= parts[measure.to.0].pieces.len();
        whole && !(unfinished && measure.to.0 + 1 == parts.len())
    });
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(part) = parts.get(at) {
        let typed = |range: (usize, usize)| text.get(range.0..range.1).unwrap_or_default();
        let joined_before = at.checked_sub(1).is_some_and(|before| names_together(&parts[before]));
        let starting = measures.iter().filter(|measure| measure.from.0 == at);
        if let Some(measure) = starting.max_by_key(|measure| measure.to) {
            words.push(Asked {
                text: measure.text.clone(),
                typed: typed((part.range.0, parts[measure.to.0].range.1)).to_owned(),
                spelled: None,
                joined_before,
                joined_behind: names_together(&parts[measure.to.0]),
            });
            at = measure.to.0 + 1;
            continue;
        }
        at += 1;
        if part.unspaced {
            let characters: Vec<char> = part.text.chars().collect();
            let pairs = match characters.as_slice() {
                [single] => vec![single.to_string()],
                many => many.windows(2).map(|pair| pair.iter().collect()).collect(),
            };
            words.extend(pairs.into_iter().map(Asked::from));
        } else {
            words.push(Asked {
                spelled: spelled_out(typed(part.range)),
                typed: part.text.clone(),
                text: part.text.clone(),
                joined_before,
                joined_behind: names_together(part),
            });
        }
    }
    words
}

/// The words of a phrase of the settings.
pub(crate) fn query_words(text: &str) -> Vec<String> {
    query(text, false).into_iter().map(|asked| asked.text).collect()
}

impl From<String> for Asked {
    fn from(text: String) -> Self {
        Self {
            typed: text.clone(),
            text,
            spelled: None,
            joined_before: false,
            joined_behind: false,
        }
    }
}

/// Whether a word makes one name with the next one.
const fn names_together(part: &Part) -> bool {
    matches!(part.joined, Some('-' | '‐' | '‑' | '&'))
}

/// A word with its umlauts as two letters; `None`: it has none.
fn spelled_out(typed: &str) -> Option<String> {
    let has = |character: char| matches!(character, 'ä' | 'ö' | 'ü' | 'Ä' | 'Ö' | 'Ü');
    typed.contains(has).then(|| {
        let spelled: String = typed
            .chars()
            .flat_map(|character| {
                let second = has(character).then_some('e');
                [Some(character), second].into_iter().flatten()
            })
            .collect();
        word(&spelled)
    })
}

/// The other spelling of an Arabic word: without the article, or with it.
pub(crate) fn with_other_article(word: &str) -> Option<String> {
    let is_arabic = word.starts_with(|first| matches!(first, '\u{0620}'..='\u{064a}'));
    is_arabic.then(|| without_article(word).map_or_else(|| format!("{ARTICLE}{word}"), str::to_owned))
}

/// An Arabic word without the article that it has.
pub(crate) fn without_article(word: &str) -> Option<&str> {
    let stem = word.strip_prefix(ARTICLE)?;
    (stem.chars().count() > 1).then_some(stem)
}

fn row_length(parts: &[Part]) -> usize {
    let joins = parts
        .iter()
        .take_while(|part| part.joined.is_some() && !part.unspaced)
        .count();
    match parts.get(joins) {
        Some(last) if last.unspaced => joins,
        _ => joins + 1,
    }
}

/// Whether words in a row are numbers with a stroke between them, which as one word would be another number.
fn is_fraction(row: &[Part]) -> bool {
    let ends = |part: &Part| part.text.ends_with(|last: char| last.is_ascii_digit());
    row.windows(2).any(|pair| {
        let begins = pair[1].text.starts_with(|first: char| first.is_ascii_digit());
        pair[0].joined == Some('/') && ends(&pair[0]) && begins
    })
}

fn characters(part: &Part, start: usize, tokens: &mut Vec<Token>) {
    let characters: Vec<char> = part.text.chars().collect();
    let bytes = part.range.1 - part.range.0;
    // The bytes in the text are known by character only where folding changed none of the lengths.
    let exact = characters.iter().map(|character| character.len_utf8()).sum::<usize>() == bytes;
    let mut offset = part.range.0;
    for (at, character) in characters.iter().enumerate() {
        let end = offset + character.len_utf8();
        let range = |end| if exact { (offset, end) } else { part.range };
        tokens.push(Token {
            text: character.to_string(),
            position: start + at,
            range: range(end),
        });
        if let Some(next) = characters.get(at + 1) {
            tokens.push(Token {
                text: [*character, *next].iter().collect(),
                position: start + at,
                range: range(end + next.len_utf8()),
            });
        }
        offset = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_are_letters_and_digits() {
        assert_eq!(
            texts("Brother TN2110, black!"),
            ["brother", "tn2110", "tn", "2110", "black"]
        );
        assert_eq!(texts("43.2 cm (17\")"), ["43.2", "432mm", "cm", "17", "431.8mm"]);
        assert_eq!(texts("Naïve café"), ["naive", "cafe"]);
    }

    #[test]
    fn joined_words_are_one_word_too() {
        assert_eq!(texts("wi-fi on"), ["wifi", "wi", "fi", "on"]);
        assert_eq!(texts("a - b"), ["a", "b"]);
        assert_eq!(query_words("TN-2110"), ["tn", "2110"]);
    }

    #[test]
    fn a_possessive_is_the_word() {
        assert_eq!(texts("men's shoes"), ["men", "shoes"]);
        assert_eq!(texts("l’eau"), ["leau", "l", "eau"]);
    }

    #[test]
    fn unspaced_scripts_are_searched_by_two_characters() {
        assert_eq!(texts("東京都"), ["東", "東京", "京", "京都", "都"]);
        assert_eq!(query_words("東京都"), ["東京", "京都"]);
        assert_eq!(query_words("茶"), ["茶"]);
    }

    #[test]
    fn only_words_are_cut_short() {
        let run = "東".repeat(500);
        assert_eq!(tokens(&run).len(), 999);
        assert_eq!(texts(&"é".repeat(500)), ["e".repeat(120)]);
    }

    #[test]
    fn ranges_are_the_words_in_the_text() {
        let text = "Ein Überzug für 東京";
        let shown: Vec<&str> = tokens(text)
            .iter()
            .map(|token| &text[token.range.0..token.range.1])
            .collect();
        assert_eq!(shown, ["Ein", "Überzug", "für", "東", "東京", "京"]);
    }

    #[test]
    fn a_word_of_letters_and_digits_lies_where_it_was_typed() {
        let ranges = |text: &str| tokens(text).into_iter().map(|token| token.range).collect::<Vec<_>>();
        assert_eq!(ranges("ps5"), [(0, 3), (0, 2), (2, 3)]);
        // As long as what it is folded to, but not byte by byte.
        assert_eq!(ranges("½Å"), [(0, 4), (0, 4), (0, 4)]);
    }

    #[test]
    fn any_text_is_cut_at_character_boundaries() {
        proptest::proptest!(|(text in "\\PC*|.*|[\u{ad}\u{200d}ｶﾞ東aÅ½'.-]{0,20}")| {
            for token in tokens(&text) {
                proptest::prop_assert!(text.get(token.range.0..token.range.1).is_some());
                proptest::prop_assert!(!token.text.is_empty());
            }
        });
    }
}
