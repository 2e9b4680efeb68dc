//! Cuts texts into the words that are searched. Documents, queries and highlights are cut alike.

use unicode_normalization::char::is_combining_mark;

use crate::text::fold;

/// The longest word that counts, in bytes; the rest of a longer one is left out. A row of characters of a script without spaces is no
/// word and has no limit.
const MAX_WORD_BYTES: usize = 120;
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

/// A word as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The word, folded.
    pub(crate) text: String,
    /// Its bytes in the text.
    range: (usize, usize),
    /// No space between it and the next one.
    joined: bool,
    /// A row of characters of a script without spaces.
    unspaced: bool,
}

/// What a document is found by: its words, words that punctuation joins also as one, and of scripts without spaces every character and
/// every two.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let parts = parts(text);
    let mut tokens = Vec::with_capacity(parts.len());
    let mut position = 0;
    let mut at = 0;
    while let Some(part) = parts.get(at) {
        let row = row_length(&parts[at..]);
        if row > 1 && row <= MAX_JOINED {
            let joined = &parts[at..at + row];
            tokens.push(Token {
                text: joined.iter().map(|part| part.text.as_str()).collect(),
                position,
                range: (part.range.0, joined[row - 1].range.1),
            });
        }
        if part.unspaced {
            position = characters(part, position, &mut tokens);
        } else {
            tokens.push(Token {
                text: part.text.clone(),
                position,
                range: part.range,
            });
            position += 1;
        }
        at += 1;
        // Only the whole row is joined, once.
        while at < parts.len() && parts[at - 1].joined && !parts[at].unspaced {
            tokens.push(Token {
                text: parts[at].text.clone(),
                position,
                range: parts[at].range,
            });
            position += 1;
            at += 1;
        }
    }
    tokens
}

/// What a query asks for, word by word; of scripts without spaces every two characters, so that they are found side by side.
pub(crate) fn query_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in parts(text) {
        if part.unspaced {
            let characters: Vec<char> = part.text.chars().collect();
            match characters.as_slice() {
                [single] => words.push(single.to_string()),
                many => words.extend(many.windows(2).map(|pair| pair.iter().collect())),
            }
        } else {
            words.push(part.text);
        }
    }
    words
}

/// The other spelling of an Arabic word: without the article, or with it.
pub(crate) fn bare_or_articled(word: &str) -> Option<String> {
    let is_arabic = word.starts_with(|first| matches!(first, '\u{0620}'..='\u{064a}'));
    is_arabic.then(|| bare(word).map_or_else(|| format!("{ARTICLE}{word}"), str::to_owned))
}

/// An Arabic word without the article that it has.
pub(crate) fn bare(word: &str) -> Option<&str> {
    let bare = word.strip_prefix(ARTICLE)?;
    (bare.chars().count() > 1).then_some(bare)
}

fn row_length(parts: &[Part]) -> usize {
    let joins = parts.iter().take_while(|part| part.joined && !part.unspaced).count();
    match parts.get(joins) {
        Some(last) if last.unspaced => joins,
        _ => joins + 1,
    }
}

fn characters(part: &Part, start: usize, tokens: &mut Vec<Token>) -> usize {
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
    start + characters.len()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Unspaced,
    Joiner,
    Space,
}

const fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3031}'..='\u{3035}' | '\u{3040}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}'
        | '\u{3100}'..='\u{318f}' | '\u{31a0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

fn kind(character: char) -> Kind {
    if character.is_ascii() {
        return match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' => Kind::Letter,
            '-' | '.' | '/' | '_' | '\'' | '+' | '&' | ',' => Kind::Joiner,
            _ => Kind::Space,
        };
    }
    match character {
        '’' | '‐' | '‑' | '·' => Kind::Joiner,
        // Say how letters join; they are none.
        '\u{ad}' | '\u{200c}' | '\u{200d}' => Kind::Letter,
        _ if is_unspaced(character) => Kind::Unspaced,
        _ if character.is_alphanumeric() || is_combining_mark(character) => Kind::Letter,
        _ => Kind::Space,
    }
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut characters = text.char_indices().peekable();
    let mut joiners = 0;
    while let Some((start, character)) = characters.next() {
        let kind_here = kind(character);
        match kind_here {
            Kind::Space => joiners = 2,
            Kind::Joiner => joiners += 1,
            Kind::Letter | Kind::Unspaced => {
                let mut end = start + character.len_utf8();
                let mut last = character;
                while let Some((at, next)) = characters.peek().copied() {
                    let decimal = next == '.' && last.is_ascii_digit() && digit_follows(text, at + 1);
                    if kind(next) != kind_here && !decimal {
                        break;
                    }
                    last = next;
                    end = at + next.len_utf8();
                    characters.next();
                }
                let mut folded = word(&text[start..end]);
                if kind_here == Kind::Letter {
                    folded.truncate(folded.floor_char_boundary(MAX_WORD_BYTES));
                }
                if folded.is_empty() {
                    joiners = 2;
                    continue;
                }
                if joiners == 1
                    && let Some(before) = parts.last_mut()
                {
                    // The s of a possessive is no word.
                    let mark = text[before.range.1..start].chars().next();
                    if folded == "s" && matches!(mark, Some('\'' | '’')) {
                        joiners = 0;
                        continue;
                    }
                    before.joined = true;
                }
                joiners = 0;
                parts.push(Part {
                    text: folded,
                    range: (start, end),
                    joined: false,
                    unspaced: kind_here == Kind::Unspaced,
                });
            }
        }
    }
    parts
}

fn digit_follows(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_some_and(u8::is_ascii_digit)
}

fn word(text: &str) -> String {
    let mut folded = fold(text);
    if !folded.is_ascii() {
        folded.retain(|character| matches!(kind(character), Kind::Letter | Kind::Unspaced) || character == '.');
        folded.retain(|character| !matches!(character, '\u{ad}' | '\u{200c}' | '\u{200d}'));
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_are_letters_and_digits() {
        assert_eq!(texts("Brother TN2110, black!"), ["brother", "tn2110", "black"]);
        assert_eq!(texts("43.2 cm (17\")"), ["43.2", "cm", "17"]);
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
    fn any_text_is_cut_at_character_boundaries() {
        proptest::proptest!(|(text in "\\PC*|.*|[\u{ad}\u{200d}ｶﾞ東aÅ½'.-]{0,20}")| {
            for token in tokens(&text) {
                proptest::prop_assert!(text.get(token.range.0..token.range.1).is_some());
                proptest::prop_assert!(!token.text.is_empty());
            }
        });
    }
}
