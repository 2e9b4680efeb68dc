//! Texts in files that people open with a spreadsheet. Some run a cell that begins like a formula, and names come from anywhere.
//!
//! Which character ends a cell follows from the reader's country: where the comma is the decimal point a file is split at semicolons, and
//! so is what stands in quotes behind a comma. So a text is looked at wherever any reader may see a cell begin.

use std::borrow::Cow;

use crate::text::is_invisible;

/// What keeps a cell from being run; spreadsheets do so themselves to mark a text.
const GUARD: char = '\'';

/// The text as no spreadsheet takes it for a formula. [`unguard`] makes it what it was.
#[must_use]
pub fn guard(text: &str) -> Cow<'_, str> {
    rewritten(text, |cell, guarded| {
        if is_formula(cell) {
            guarded.push(GUARD);
        }
        guarded.push_str(cell);
    })
}

/// The text that [`guard`] was given. Other texts stay as they are.
#[must_use]
pub fn unguard(text: &str) -> Cow<'_, str> {
    rewritten(text, |cell, unguarded| match cell.strip_prefix(GUARD) {
        Some(rest) if is_formula(rest) => unguarded.push_str(rest),
        _ => unguarded.push_str(cell),
    })
}

/// Whether a spreadsheet may run it. Guards, quotes, spaces and what nobody sees do not keep it from that.
fn is_formula(cell: &str) -> bool {
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    let passed_over = |c: char| matches!(c, GUARD | '"') || c.is_whitespace() || c.is_control() || is_invisible(c);
    cell.chars().find(|c| !passed_over(*c)).is_some_and(begins)
}

fn rewritten(text: &str, each: impl Fn(&str, &mut String)) -> Cow<'_, str> {
    // Nearly every text: nothing in it can be a formula, so nothing was one.
    if !text.contains(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        return Cow::Borrowed(text);
    }
    let mut rewritten = String::with_capacity(text.len() + 1);
    for cell in text.split_inclusive([';', '|', '\t', '\r', '\n']) {
        each(cell, &mut rewritten);
    }
    Cow::Owned(rewritten)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_spreadsheet_may_run_leaves() {
        for (text, guarded) in [
            ("=1", "'=1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            (" =1", "' =1"),
            ("＝1", "'＝1"),
            ("\u{feff}=1", "'\u{feff}=1"),
            ("\u{202e} =1", "'\u{202e} =1"),
            ("\u{a0}=1", "'\u{a0}=1"),
            ("a;=1+1", "a;'=1+1"),
            ("Mug;=1+2;x", "Mug;'=1+2;x"),
            ("a; \"=1\"", "a;' \"=1\""),
            ("a\n=1\t-2|@3", "a\n'=1\t'-2|'@3"),
            ("\t=1", "\t'=1"),
            ("'=1", "''=1"),
            ("=HYPERLINK(\"http://x\";\"y\")", "'=HYPERLINK(\"http://x\";\"y\")"),
        ] {
            assert_eq!(guard(text), guarded, "{text:?}");
        }
        for text in ["", "22423", "A-1", "a=b", "it's", "'t is", "Mug; large", "1-2;3"] {
            assert_eq!(guard(text), text);
            assert_eq!(unguard(text), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn the_text_comes_back(text in "[a'\";|=+ \t\n\u{feff}-]{0,12}") {
            let guarded = guard(&text).into_owned();
            proptest::prop_assert!(guarded.split([';', '|', '\t', '\r', '\n']).all(|cell| !is_formula(cell) || cell.starts_with('\'')));
            proptest::prop_assert_eq!(unguard(&guarded), text);
        }
    }
}
