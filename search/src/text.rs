use unicode_normalization::UnicodeNormalization;

/// A text as search compares it: lower case, without accents, compatibility forms resolved, one space between words, none around them.
#[must_use]
pub fn normalise(text: &str) -> String {
    let folded = fold(text);
    let mut normal = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.push_str(word);
    }
    normal
}

/// What a text is sorted by, here and in every list that should have the same order: its letters as search compares them, up to 1,000
/// bytes of them.
#[must_use]
pub fn sort_key(text: &str) -> String {
    const LONGEST: usize = 1_000;
    let mut key = normalise(text);
    key.truncate(key.floor_char_boundary(LONGEST));
    key
}

/// Lower case, no accents, compatibility forms resolved.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Lower case may bring accents of its own (İ), so it comes before they go.
    let lower = text.nfkd().flat_map(char::to_lowercase).nfkd();
    lower
        .filter(|character| !is_accent(*character))
        .flat_map(simplify)
        .nfc()
        .collect()
}

/// Marks that people leave out when they type. Marks that make another letter (the vowels of Indic scripts and of Thai, the voicing of
/// kana) stay.
const fn is_accent(character: char) -> bool {
    matches!(character,
        '\u{0300}'..='\u{036f}'
        | '\u{0483}'..='\u{0487}'
        | '\u{0591}'..='\u{05bd}' | '\u{05bf}' | '\u{05c1}' | '\u{05c2}' | '\u{05c4}' | '\u{05c5}' | '\u{05c7}'
        | '\u{0610}'..='\u{061a}' | '\u{0640}' | '\u{064b}'..='\u{065f}' | '\u{0670}' | '\u{06d6}'..='\u{06dc}'
        | '\u{06df}'..='\u{06e4}' | '\u{06e7}' | '\u{06e8}' | '\u{06ea}'..='\u{06ed}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// What decomposition leaves as it is although people type it otherwise.
fn simplify(character: char) -> impl Iterator<Item = char> {
    let (first, second) = match character {
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'ø' => ('o', None),
        'đ' | 'ð' => ('d', None),
        'ł' => ('l', None),
        'þ' => ('t', Some('h')),
        'ı' => ('i', None),
        'ς' => ('σ', None),
        'ى' | 'ی' => ('ي', None),
        'ک' => ('ك', None),
        'ة' => ('ه', None),
        other => (other, None),
    };
    [Some(first), second].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_too_long_for_an_index() {
        // One character that is eighteen.
        let key = sort_key(&"\u{fdfa}".repeat(200));
        assert!((990..=1_000).contains(&key.len()), "{}", key.len());
        assert_eq!(sort_key(" Élan  VITAL "), "elan vital");
    }

    #[test]
    fn folds_case_accents_forms_and_spaces() {
        assert_eq!(normalise("  Crème\u{a0}BRÛLÉE "), "creme brulee");
        assert_eq!(normalise("Straße ŁÓDŹ Ærø İstanbul"), "strasse lodz aero istanbul");
        assert_eq!(normalise("ｆｕｌｌ ﬁne"), "full fine");
        assert_eq!(normalise("كِتَاب"), "كتاب");
        assert_eq!(normalise(" \t\n"), "");
    }

    #[test]
    fn marks_that_make_another_letter_stay() {
        assert_ne!(normalise("कि"), normalise("का"));
        assert_ne!(normalise("ガ"), normalise("カ"));
        assert_eq!(normalise("ｶﾞ"), "ガ");
    }

    #[test]
    fn normalising_again_changes_nothing() {
        proptest::proptest!(|(text in ".*")| {
            let once = normalise(&text);
            proptest::prop_assert_eq!(normalise(&once), once);
        });
    }
}
