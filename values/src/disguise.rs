//! Letters that pass for letters of another script.

use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_security::skeleton;

/// Latin letters that Cyrillic or Greek ones look like.
const LATIN_DOUBLES: &str = "ABCEHIJKMNOPSTXYZaceijopsuvxy";

/// A letter that a reader takes for one of another script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disguise {
    /// The letter.
    pub letter: char,
}

/// Finds a letter in disguise: the text mixes scripts, and of one of them it has only letters that look like letters of another.
///
/// So `MUG-А` with a Cyrillic `А` is found, while `USB-кабель` and `10kΩ` are not: a reader sees that they mix scripts. Scripts that
/// are written together, as in Japanese, count as one. Which letters look alike is Unicode's data for UTS 39, `confusables.txt`.
#[must_use]
pub fn disguise(text: &str) -> Option<Disguise> {
    if text.is_ascii() {
        return None;
    }
    let mut scripts: Vec<(AugmentedScriptSet, Option<char>)> = Vec::new();
    for letter in text.chars().filter(|c| c.is_alphabetic()) {
        let set = AugmentedScriptSet::for_char(letter);
        if set.is_all() {
            continue;
        }
        let double = if letter.is_ascii() {
            LATIN_DOUBLES.contains(letter)
        } else {
            looks_latin(letter)
        };
        match scripts.iter_mut().find(|(known, _)| !both(*known, set).is_empty()) {
            Some((known, first)) => {
                *known = both(*known, set);
                *first = first.filter(|_| double);
            }
            None => scripts.push((set, double.then_some(letter))),
        }
    }
    if scripts.len() < 2 {
        return None;
    }
    scripts
        .into_iter()
        .find_map(|(_, letter)| letter)
        .map(|letter| Disguise { letter })
}

fn looks_latin(letter: char) -> bool {
    skeleton(letter.encode_utf8(&mut [0; 4])).all(|c| c.is_ascii_alphabetic())
}

fn both(mut one: AugmentedScriptSet, other: AugmentedScriptSet) -> AugmentedScriptSet {
    one.intersect_with(other);
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_pass_for_others_are_found() {
        for (text, letter) in [
            ("MUG-\u{410}", '\u{410}'),
            ("\u{41c}UG-1", '\u{41c}'),
            ("p\u{430}ypal", '\u{430}'),
            ("\u{39f}slo", '\u{39f}'),
            ("КАБЕЛЬ-A", 'A'),
        ] {
            assert_eq!(disguise(text), Some(Disguise { letter }), "{text:?}");
        }
    }

    #[test]
    fn texts_of_one_script_and_mixtures_that_a_reader_sees_are_left_alone() {
        for text in [
            "MUG-1",
            "Größe",
            "СОК-1",
            "USB-кабель",
            "КАБЕЛЬ-USB",
            "10kΩ",
            "Ωmega 5",
            "µ-Meter",
            "東京タワーの本 DVD",
            "한국어 TV",
            "עברית 12",
            "Ærø/Straße",
            "कपड़े",
            "Łódź",
            "Θερμός 1L",
            "",
        ] {
            assert_eq!(disguise(text), None, "{text:?}");
        }
    }
}
