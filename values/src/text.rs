//! Normal forms of texts.

use std::{borrow::Cow, iter::once};

use unicode_normalization::UnicodeNormalization as _;

/// The one form of a text that identifies something, such as a SKU or a category.
///
/// Unicode NFC, without characters that leave no mark (zero-width characters, byte-order and directional marks, soft hyphens,
/// variation selectors); letters and digits in another form become the plain ones (full-width, mathematical, ligatures, Roman numerals,
/// presentation forms, half-width kana), every dash and the minus sign become a hyphen, and every run of spaces of any kind becomes one
/// space, none at the ends. What means something else stays: `m²`, `½`, `™`, `Ⓜ`. Line breaks and other control characters are kept for
/// the caller to refuse.
#[must_use]
pub fn identifier(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.is_ascii() && !text.contains("  ") {
        return Cow::Borrowed(text);
    }
    let mut letters = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        push_plain(c, &mut letters);
    }
    let mut form = String::with_capacity(letters.len());
    for c in letters.nfc() {
        if c != ' ' || !(form.is_empty() || form.ends_with(' ')) {
            form.push(c);
        }
    }
    form.truncate(form.trim_end().len());
    Cow::Owned(form)
}

/// A line that people read: Unicode NFC, without what turns the direction of the text around it and without byte-order marks,
/// no spaces at the ends.
#[must_use]
pub fn prose(text: &str) -> Cow<'_, str> {
    match cleaned(text.trim()) {
        // What was taken away may have stood before a space.
        Cow::Owned(form) => Cow::Owned(form.trim().to_owned()),
        borrowed @ Cow::Borrowed(_) => borrowed,
    }
}

/// A text of several lines that people read: as [`prose`] has it, but for the spaces at its ends; every line ends with LF.
#[must_use]
pub fn paragraph(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        return Cow::Owned(cleaned(&text).into_owned());
    }
    cleaned(text)
}

/// Whether a reader would see nothing of the text.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_whitespace() || is_invisible(c) || c == BLANK_BRAILLE)
}

/// A symbol without any dot.
const BLANK_BRAILLE: char = '\u{2800}';

fn cleaned(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let form: String = text.chars().filter(|c| !turns_direction(*c)).nfc().collect();
    Cow::Owned(form)
}

/// Adds a character as an identifier has it.
fn push_plain(c: char, letters: &mut String) {
    match c {
        c if c.is_ascii() => letters.push(c),
        c if is_dash(c) => letters.push('-'),
        BLANK_BRAILLE => letters.push(' '),
        c if c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}') => letters.push(' '),
        c if has_plain_form(c) && !once(c).nfkc().any(char::is_whitespace) => letters.extend(once(c).nfkc()),
        c => letters.push(c),
    }
}

/// Dashes of any length, and the minus signs.
fn is_dash(c: char) -> bool {
    matches!(
        c,
        '\u{58a}'
            | '\u{2d7}'
            | '\u{1806}'
            | '\u{2010}'..='\u{2015}'
            | '\u{2043}'
            | '\u{2212}'
            | '\u{2e3a}'..='\u{2e3b}'
            | '\u{fe31}'..='\u{fe32}'
            | '\u{fe58}'
            | '\u{fe63}'
            | '\u{ff0d}'
    )
}

/// Letters and digits whose compatibility form (Unicode NFKC) is the same letter, or are the same letters, written plainly.
fn has_plain_form(c: char) -> bool {
    match c {
        // Letters of formulas, but not `™`, `№` or `℡`.
        '\u{2100}'..='\u{214f}' => once(c).nfkc().count() == 1,
        _ => matches!(
            c,
            '\u{b5}'
                | '\u{132}'..='\u{133}'
                | '\u{17f}'
                | '\u{1c4}'..='\u{1cc}'
                | '\u{1f1}'..='\u{1f3}'
                | '\u{2160}'..='\u{217f}'
                | '\u{fb00}'..='\u{fdff}'
                | '\u{fe70}'..='\u{fefc}'
                | '\u{ff01}'..='\u{ff9f}'
                | '\u{1d400}'..='\u{1d7ff}'
                | '\u{1ee00}'..='\u{1eeff}'
                | '\u{1fbf0}'..='\u{1fbf9}'
        ),
    }
}

/// Embeddings, overrides and isolates, and what nobody but a converter writes.
fn turns_direction(c: char) -> bool {
    matches!(
        c,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
    )
}

/// Unicode's `Default_Ignorable_Code_Point` (`DerivedCoreProperties.txt`), and the annotation marks.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn look_alikes_have_one_identifier() {
        for text in [
            "MUG-1",
            " MUG-1\u{a0}",
            "\u{feff}MUG-1",
            "MUG\u{200b}-1",
            "MU\u{ad}G-1",
            "\u{200e}MUG-1\u{200f}",
            "\u{202e}MUG-1\u{202c}",
            "MUG\u{2011}1",
            "\u{ff2d}UG\u{ff0d}1",
            "MUG-1\u{fe0f}",
            "M\u{2060}U\u{200d}G-1\u{200c}",
            "𝐌𝐔𝐆-1",
            "𝕄𝖀𝘎-𝟙",
            "ⅯUG-1",
            "MUG–1",
            "MUG—1",
            "MUG−1",
            "MUG\u{2012}1",
        ] {
            assert_eq!(identifier(text), "MUG-1", "{text:?}");
        }
        for text in ["Gro\u{308}ße 1", "Größe\u{a0}1", "Größe \u{2009} 1", "Größe\u{3000}1"] {
            assert_eq!(identifier(text), "Größe 1", "{text:?}");
        }
        for (text, form) in [
            ("a  b", "a b"),
            ("ﬁlter", "filter"),
            ("Ⅻ", "XII"),
            ("Ĳmeer", "IJmeer"),
            ("ﾃﾚﾋﾞ", "テレビ"),
            ("\u{b5}m", "\u{3bc}m"),
            ("\u{2126}", "\u{3a9}"),
            ("ﻛﺘﺎﺏ", "كتاب"),
        ] {
            assert_eq!(identifier(text), form, "{text:?}");
        }
        for text in ["5 m²", "½ Zoll", "Nr. №5", "Mug™", "Größe", "Ⓜ-1", "ブラック"] {
            assert_eq!(identifier(text), text);
        }
        assert_eq!(identifier("\u{200b}\u{feff} \u{2800}"), "");
    }

    #[test]
    fn an_identifier_keeps_what_the_caller_must_refuse() {
        for text in ["a\nb", "a\u{85}b", "a\u{2028}b", "a\0b"] {
            assert_eq!(identifier(text), text);
        }
    }

    #[test]
    fn prose_loses_what_turns_its_direction_and_keeps_what_shapes_it() {
        assert_eq!(prose(" Mug \u{202e}gpj.exe\u{202c} "), "Mug gpj.exe");
        assert_eq!(prose("\u{feff}a\u{2067}b\u{2069}"), "ab");
        assert_eq!(prose("Cafe\u{301}"), "Café");
        // A joiner, a variation selector and a mark of direction belong to the words.
        for text in ["کتاب\u{200c}ها", "❤\u{fe0f}", "א\u{200f}!", "Prix\u{a0}: 5\u{202f}€"] {
            assert_eq!(prose(text), text);
        }
        assert_eq!(paragraph("a\r\n\u{202e}b\rc\n "), "a\nb\nc\n ");
    }

    #[test]
    fn a_text_of_marks_alone_is_blank() {
        for text in ["", " ", "\u{a0}", "\u{200b}", "\u{ad}\u{2800}\u{3164}"] {
            assert!(is_blank(text), "{text:?}");
        }
        assert!(!is_blank("\u{200b}a"));
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(text in any::<String>()) {
            for normal in [identifier, prose, paragraph] {
                let form = normal(&text);
                prop_assert_eq!(&normal(&form), &form);
            }
            prop_assert!(!identifier(&text).chars().any(is_invisible));
        }

        #[test]
        fn ascii_words_stay_as_they_are(text in "[!-~]{1,20}( [!-~]{1,20}){0,3}") {
            prop_assert_eq!(identifier(&text), text.as_str());
            prop_assert_eq!(prose(&text), text.as_str());
        }
    }
}
