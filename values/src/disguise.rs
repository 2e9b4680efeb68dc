//! Letters that pass for letters of another script.

use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_security::skeleton;

/// Latin letters that Cyrillic or Greek ones look like.
const LATIN_DOUBLES: &str = "ABCEHIJKMNOPSTXYZaceijopsuvxy";

/// A letter of each script that shares the look of its letters with Latin: Latin, Cyrillic, Greek, Armenian, Coptic, Cherokee, Lisu.
const AKIN: [char; 7] = ['A', 'Ж', 'Ω', '\u{531}', '\u{2c80}', '\u{13a0}', '\u{a4d0}'];

/// A letter that a reader takes for one of another script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disguise {
    /// The letter.
    pub letter: char,
}

/// Finds a letter in disguise: one that a reader takes for a letter of another script that stands beside it.
///
/// So that of all spellings that look alike one at most passes:
/// - A run of letters that mixes Latin, Greek, Cyrillic and their like has none of the others that looks Latin, and of no script only letters
///   that look like those of another: `pаypal` with a Cyrillic letter does not pass, `10kΩ` does.
/// - Within a word, which ends at a space, a run that could be of either script is of that of the run before it, or else after it, which
///   can be of one only: `MUG-А` with a Cyrillic letter does not pass, nor does `МОС-Ж` with Latin ones; `USB-кабель` does.
/// - The text as a whole has not only such letters of a script.
///
/// A word of its own in one script is left alone, as in `Кабель с USB`. Other scripts look like none of these: `Tシャツ` passes. Scripts
/// that are written together, as in Japanese, count as one. Which letters look alike is Unicode's data for UTS 39, `confusables.txt`.
#[must_use]
pub fn disguise(text: &str) -> Option<Disguise> {
    if text.is_ascii() {
        return None;
    }
    let whole = parts(text);
    if whole.len() < 2 {
        return None;
    }
    wholly_doubles(&whole)
        .or_else(|| text.split_whitespace().find_map(of_word))
        .map(|letter| Disguise { letter })
}

/// The letters of one script in a text.
struct Part {
    set: AugmentedScriptSet,
    /// The first letter, if all look like letters of other scripts.
    all_doubles: Option<char>,
    /// The first letter that looks Latin and is not.
    looks_latin: Option<char>,
}

impl Part {
    /// Whether it is of one of the scripts that took their letters from each other.
    fn is_akin(&self) -> bool {
        AKIN.into_iter()
            .any(|letter| self.shares(AugmentedScriptSet::for_char(letter)))
    }

    fn is_latin(&self) -> bool {
        self.shares(AugmentedScriptSet::for_char('A'))
    }

    fn shares(&self, set: AugmentedScriptSet) -> bool {
        !both(self.set, set).is_empty()
    }
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for letter in text.chars().filter(|c| c.is_alphabetic()) {
        let set = AugmentedScriptSet::for_char(letter);
        if set.is_all() {
            continue;
        }
        let looks_latin = !letter.is_ascii() && looks_latin(letter);
        let is_double = looks_latin || LATIN_DOUBLES.contains(letter);
        let foreign = (looks_latin && both(set, AugmentedScriptSet::for_char('A')).is_empty()).then_some(letter);
        match parts.iter_mut().find(|part| part.shares(set)) {
            Some(part) => {
                part.set = both(part.set, set);
                part.all_doubles = part.all_doubles.filter(|_| is_double);
                part.looks_latin = part.looks_latin.or(foreign);
            }
            None => parts.push(Part {
                set,
                all_doubles: is_double.then_some(letter),
                looks_latin: foreign,
            }),
        }
    }
    parts
}

/// A letter of a script of which there are only letters that look like those of another script that is there.
fn wholly_doubles(parts: &[Part]) -> Option<char> {
    parts.iter().enumerate().find_map(|(index, part)| {
        let mut others = parts.iter().enumerate().filter(|(other, _)| *other != index);
        part.all_doubles.filter(|_| others.any(|(_, other)| other.is_akin()))
    })
}

/// A letter in disguise in a text without spaces.
fn of_word(word: &str) -> Option<char> {
    // Runs that could be of several scripts, before the first that can be of one only.
    let mut open: Vec<Part> = Vec::new();
    let mut anchor: Option<Part> = None;
    for run in word.split(|c: char| !(c.is_alphabetic() || is_mark(c))) {
        let mut parts = parts(run);
        let is_mixed = parts.iter().filter(|part| part.is_akin()).count() > 1;
        if is_mixed && let Some(letter) = parts.iter().find_map(|part| part.looks_latin) {
            return Some(letter);
        }
        if let Some(letter) = wholly_doubles(&parts) {
            return Some(letter);
        }
        parts.retain(Part::is_akin);
        let chosen = parts.iter().position(Part::is_latin).unwrap_or(0);
        if chosen >= parts.len() {
            continue;
        }
        let part = parts.swap_remove(chosen);
        match (&anchor, part.all_doubles) {
            (None, Some(_)) => open.push(part),
            (Some(anchor), Some(letter)) if !anchor.shares(part.set) => return Some(letter),
            (Some(_), Some(_)) => {}
            (_, None) => {
                if let Some(letter) = stray(&open, part.set) {
                    return Some(letter);
                }
                open.clear();
                anchor = Some(part);
            }
        }
    }
    let script = open.first()?.set;
    stray(&open, script)
}

/// Of parts that are to be of a script, a letter of one that is not.
fn stray(parts: &[Part], script: AugmentedScriptSet) -> Option<char> {
    let stray = parts.iter().find(|part| !part.shares(script))?;
    stray.all_doubles
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
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
            // A letter that only Cyrillic has must not let the others pass.
            ("\u{41c}UG-Ж", '\u{41c}'),
            ("MUG-Ж-A", 'A'),
            ("MUG-\u{410}-Ж", '\u{410}'),
            ("MOC-Ж", 'M'),
            ("Жa-1", 'a'),
            ("MUG-\u{421}\u{41e}\u{41a}/кабель", '\u{421}'),
            ("Ω\u{391}Ж", '\u{391}'),
            ("A-КАБЕЛЬ-USB", 'A'),
            ("MU\u{13aa}\u{13a4}", '\u{13aa}'),
            ("кабель USB-\u{421}", '\u{421}'),
            ("COK \u{421}\u{41e}\u{41a}", 'C'),
        ] {
            assert_eq!(disguise(text), Some(Disguise { letter }), "{text:?}");
        }
    }

    #[test]
    fn of_spellings_that_look_alike_one_at_most_passes() {
        // Every way to write a text with Latin or Cyrillic letters.
        for text in ["MUG-Ж", "MOC-Ж", "Ж-A-USB", "A-B-C", "USB-A", "КАБЕЛЬ-USB-A", "XЖK-Y"] {
            let pairs = [
                ('A', 'А'),
                ('B', 'В'),
                ('C', 'С'),
                ('E', 'Е'),
                ('K', 'К'),
                ('M', 'М'),
                ('O', 'О'),
                ('X', 'Х'),
                ('Y', 'У'),
            ];
            let mut spellings = vec![String::new()];
            for c in text.chars() {
                let pair = pairs
                    .into_iter()
                    .find(|(latin, cyrillic)| c == *latin || c == *cyrillic);
                let choices = pair.map_or(vec![c], |(latin, cyrillic)| vec![latin, cyrillic]);
                spellings = spellings
                    .into_iter()
                    .flat_map(|begun| choices.iter().map(move |c| format!("{begun}{c}")).collect::<Vec<_>>())
                    .collect();
            }
            let passing: Vec<_> = spellings.iter().filter(|text| disguise(text).is_none()).collect();
            let mixes = text.chars().any(|c| c == 'Ж' || c == 'Л' || c == 'U' || c == 'G');
            assert_eq!(passing.len(), if mixes { 1 } else { 2 }, "{text}: {passing:?}");
        }
    }

    #[test]
    fn texts_of_one_script_and_mixtures_that_a_reader_sees_are_left_alone() {
        for text in [
            "MUG-1",
            "Größe",
            "СОК-1",
            "MUG-Ж",
            "МОС-Ж",
            "USB-кабель",
            "КАБЕЛЬ-USB",
            "КАБЕЛЬ-USB-A",
            "Кабель с USB",
            "Ноутбук HP с SSD",
            "10kΩ",
            "Ωmega 5",
            "µ-Meter",
            "μm",
            "東京タワーの本 DVD",
            "Tシャツ",
            "本A",
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
