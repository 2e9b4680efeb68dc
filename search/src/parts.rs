//! Cuts a text where words begin and end.

use unicode_normalization::char::is_combining_mark;

use crate::text::fold;

/// The longest word that counts, in bytes; the rest of a longer one is left out. A row of characters of a script without spaces is no
/// word and has no limit.
const MAX_WORD_BYTES: usize = 120;
/// The most pieces that a word is cut into between letters and digits; what has more is a code.
const MAX_PIECES: usize = 6;
/// What `.net` is as a word.
const DOT_NET: &str = "dotnet";

/// A word as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The word, folded, its signs as words.
    pub(crate) text: String,
    /// Its bytes in the text.
    pub(crate) range: (usize, usize),
    /// What stands between it and the next one, if that is no space.
    pub(crate) joined: Option<char>,
    /// A row of characters of a script without spaces.
    pub(crate) unspaced: bool,
    /// Its letters and digits apart, if it has both; what else it is found by, such as itself without its signs.
    pub(crate) pieces: Vec<Piece>,
    /// A sign for inches follows.
    pub(crate) inches: bool,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) range: (usize, usize),
}

impl Part {
    /// How many places it takes among the words of a text.
    pub(crate) fn places(&self) -> usize {
        if self.unspaced {
            self.text.chars().count()
        } else {
            self.pieces.len().max(1)
        }
    }
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
        // Say how letters join; they are none. The others are letters in disguise: units in one character, and the cross of `2×4`.
        '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{3371}'..='\u{33df}' | '×' => Kind::Letter,
        _ if is_unspaced(character) => Kind::Unspaced,
        _ if character.is_alphanumeric() || is_combining_mark(character) => Kind::Letter,
        _ => Kind::Space,
    }
}

/// The words of a text, as they follow one another.
pub(crate) fn parts(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut characters = text.char_indices().peekable();
    let mut joiners = 2;
    // Quotes that are open: the next one closes, and is no sign for inches.
    let mut quoted = false;
    while let Some((start, character)) = characters.next() {
        let kind_here = kind(character);
        match kind_here {
            Kind::Space => {
                quoted ^= character == '"';
                joiners = 2;
            }
            Kind::Joiner => joiners += 1,
            Kind::Letter | Kind::Unspaced => {
                let mut end = start + character.len_utf8();
                let mut last = character;
                while let Some((at, next)) = characters.peek().copied() {
                    if kind(next) != kind_here && !(last.is_ascii_digit() && is_decimal(text, start, at, next)) {
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
                    let mark = text[before.range.1..start].chars().next();
                    // The s of a possessive is no word.
                    if folded == "s" && matches!(mark, Some('\'' | '’')) {
                        joiners = 0;
                        continue;
                    }
                    before.joined = mark;
                }
                let mut part = Part {
                    pieces: pieces(&folded, (start, end), text[start..end].is_ascii()),
                    text: folded,
                    range: (start, end),
                    joined: None,
                    unspaced: kind_here == Kind::Unspaced,
                    inches: false,
                };
                // A point in front belongs to what begins with it: `.5`, `.net`.
                if joiners == 3 && text[..start].ends_with('.') {
                    pointed(&mut part);
                } else if joiners == 1 && part.text == "net" && text[..start].ends_with('.') {
                    // `ASP.NET` is found by `.net` too.
                    part.pieces = vec![Piece {
                        text: DOT_NET.to_owned(),
                        range: part.range,
                    }];
                }
                for _ in 0..signed(&mut part, &text[end..]) {
                    characters.next();
                }
                let mark = text[part.range.1..].chars().next();
                part.inches =
                    last.is_ascii_digit() && (matches!(mark, Some('″' | '”')) || mark == Some('"') && !quoted);
                if part.inches {
                    characters.next();
                    joiners = 2;
                } else {
                    joiners = 0;
                }
                parts.push(part);
            }
        }
    }
    parts
}

/// Whether a sign between digits belongs to a number: a point, a comma before decimals, a comma between thousands.
fn is_decimal(text: &str, start: usize, at: usize, sign: char) -> bool {
    let after = text.as_bytes().get(at + 1..).unwrap_or_default();
    let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match sign {
        '.' => digits > 0,
        ',' => {
            let before = &text[start..at];
            let (first, grouped) = before
                .split_once(',')
                .map_or((before, false), |(first, _)| (first, true));
            let number = before.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
            // Of several commas with other numbers of digits between them none belongs to a number.
            let goes_on = after.get(digits) == Some(&b',') && after.get(digits + 1).is_some_and(u8::is_ascii_digit);
            let listed = goes_on || text[..start].ends_with(',');
            let thousands = digits == 3 && first.len() <= 3;
            number && (thousands || !grouped && !listed && matches!(digits, 1 | 2))
        }
        _ => false,
    }
}

/// Letters and digits apart; nothing if a word has only one kind. Only in plain text a byte of the word is one of the text.
fn pieces(folded: &str, range: (usize, usize), plain: bool) -> Vec<Piece> {
    let is_number = |character: char| character.is_ascii_digit() || character == '.';
    let exact = plain && folded.len() == range.1 - range.0;
    let mut pieces = Vec::new();
    let mut rest = folded;
    while let Some(first) = rest.chars().next() {
        let length = rest
            .find(|character: char| is_number(character) != is_number(first))
            .unwrap_or(rest.len());
        let (piece, after) = rest.split_at(length);
        let begin = range.0 + folded.len() - rest.len();
        pieces.push(Piece {
            text: piece.to_owned(),
            range: if exact { (begin, begin + length) } else { range },
        });
        rest = after;
        if pieces.len() > MAX_PIECES {
            return Vec::new();
        }
    }
    if pieces.len() == 1 {
        pieces.clear();
    }
    pieces
}

/// The letters and digits of a word that has both; nothing of another.
pub(crate) fn apart(word: &str) -> Vec<String> {
    let pieces = pieces(word, (0, word.len()), true);
    pieces.into_iter().map(|piece| piece.text).collect()
}

/// Takes in the point that stands before a word.
fn pointed(part: &mut Part) {
    if part.text == "net" {
        let word = std::mem::replace(&mut part.text, DOT_NET.to_owned());
        part.pieces = vec![Piece {
            text: word,
            range: part.range,
        }];
    } else if part.text.starts_with(|first: char| first.is_ascii_digit()) {
        part.text.insert_str(0, "0.");
        if let Some(first) = part.pieces.first_mut() {
            first.text.insert_str(0, "0.");
        }
    } else {
        return;
    }
    part.range.0 -= 1;
}

/// Takes in the signs that make another word of one or two letters (`c#`, `c++`, `a+`); how many those are.
fn signed(part: &mut Part, after: &str) -> usize {
    let letters = part.text.chars().count();
    if letters > 2 || !part.text.chars().all(char::is_alphabetic) {
        return 0;
    }
    let sharps = after.bytes().take_while(|byte| *byte == b'#').count();
    let pluses = after.bytes().take_while(|byte| *byte == b'+').count();
    let ends = |signs: usize| !after[signs..].starts_with(|next: char| kind(next) == Kind::Letter);
    let (signs, name) = match (sharps, pluses) {
        (1, 0) if letters == 1 => (1, "sharp"),
        (0, 1..=3) => (pluses, "plus"),
        _ => return 0,
    };
    if !ends(signs) {
        return 0;
    }
    let word = part.text.clone();
    part.text.push_str(&name.repeat(signs));
    part.pieces = vec![Piece {
        text: word,
        range: part.range,
    }];
    part.range.1 += signs;
    signs
}

/// A word, folded.
pub(crate) fn word(text: &str) -> String {
    if text.is_ascii() {
        return number(&fold(text));
    }
    let mut folded = micro(number(&fold(&fractions(text))));
    folded.retain(|character| matches!(kind(character), Kind::Letter | Kind::Unspaced) || character == '.');
    folded.retain(|character| !matches!(character, '\u{ad}' | '\u{200c}' | '\u{200d}'));
    folded
}

/// A word with the micro of a unit as the letter that people type for it (`µF` as `uf`); a Greek word has none before Latin letters.
fn micro(text: String) -> String {
    if !text.contains('μ') {
        return text;
    }
    let mut written = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let is_micro = character == 'μ' && characters.peek().is_some_and(char::is_ascii_alphabetic);
        written.push(if is_micro { 'u' } else { character });
    }
    written
}

/// A number with commas, with a point before the decimals and nothing between thousands.
fn number(text: &str) -> String {
    let Some((_, last)) = text.rsplit_once(',') else {
        return text.to_owned();
    };
    let decimals = last.bytes().take_while(u8::is_ascii_digit).count();
    text.replace(',', if decimals == 3 { "" } else { "." })
}

/// Fractions that are one character as decimals, behind a number as part of it; a cross as the letter.
fn fractions(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        let decimals = match character {
            '×' => {
                written.push('x');
                continue;
            }
            '½' => ".5",
            '¼' => ".25",
            '¾' => ".75",
            '⅓' => ".33",
            '⅔' => ".67",
            '⅕' => ".2",
            '⅖' => ".4",
            '⅗' => ".6",
            '⅘' => ".8",
            '⅙' => ".17",
            '⅚' => ".83",
            '⅛' => ".125",
            '⅜' => ".375",
            '⅝' => ".625",
            '⅞' => ".875",
            other => {
                written.push(other);
                continue;
            }
        };
        if !written.ends_with(|last: char| last.is_ascii_digit()) {
            written.push('0');
        }
        written.push_str(decimals);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apart_in(text: &str) -> Vec<String> {
        let parts = parts(text);
        let pieces = parts.into_iter().flat_map(|part| part.pieces);
        pieces.map(|piece| piece.text).collect()
    }

    #[test]
    fn letters_and_digits_are_cut_apart_in_every_script() {
        for (text, pieces) in [
            ("100µF", ["100", "uf"].as_slice()),
            ("100μF", &["100", "uf"]),
            ("500мл", &["500", "мл"]),
            ("10kΩ", &["10", "kω"]),
            ("10㎏", &["10", "kg"]),
            ("ΩA5", &["ωa", "5"]),
            ("é5", &["e", "5"]),
            ("А4", &["а", "4"]),
            ("mug", &[]),
            ("μήλο", &[]),
            ("a1b2c3d4", &[]),
        ] {
            assert_eq!(apart_in(text), pieces, "{text}");
        }
        assert_eq!(parts("µF 4,7µH")[0].text, "uf");
        assert_eq!(parts("μήλο")[0].text, "μηλο");
    }

    #[test]
    fn a_net_behind_a_point_is_dot_net_too() {
        let all = |text: &str| {
            let parts = parts(text);
            let words = parts.into_iter().flat_map(|part| {
                let pieces = part.pieces.into_iter().map(|piece| piece.text);
                std::iter::once(part.text).chain(pieces)
            });
            words.collect::<Vec<_>>()
        };
        assert_eq!(all("ASP.NET Core"), ["asp", "net", "dotnet", "core"]);
        assert_eq!(all(".NET"), ["dotnet", "net"]);
        assert_eq!(all("net-work 5 net"), ["net", "work", "5", "net"]);
    }
}
