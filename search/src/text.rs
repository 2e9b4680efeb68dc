use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A text as search compares it: lower case, without accents, compatibility forms resolved, one space between words, none around them.
#[must_use]
pub fn normalise(text: &str) -> String {
    let folded: String = fold(text).collect();
    let mut normal = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.push_str(word);
    }
    normal
}

/// Lower case, no accents, compatibility forms resolved.
pub(crate) fn fold(text: &str) -> impl Iterator<Item = char> {
    text.nfkd()
        .filter(|character| !is_combining_mark(*character))
        .flat_map(char::to_lowercase)
        .flat_map(simplify)
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
        other => (other, None),
    };
    [Some(first), second].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_case_accents_forms_and_spaces() {
        assert_eq!(normalise("  Crème\u{a0}BRÛLÉE "), "creme brulee");
        assert_eq!(normalise("Straße ŁÓDŹ Ærø"), "strasse lodz aero");
        assert_eq!(normalise("ｆｕｌｌ ﬁne"), "full fine");
        assert_eq!(normalise(" \t\n"), "");
    }

    #[test]
    fn normalising_again_changes_nothing() {
        proptest::proptest!(|(text in ".*")| {
            let once = normalise(&text);
            proptest::prop_assert_eq!(normalise(&once), once);
        });
    }
}
