//! Shows where the words are.

use crate::words::tokens;

/// The characters of a snippet, about.
const SNIPPET_CHARS: usize = 200;
/// How many of them come before the first word that was found.
const LEAD_CHARS: usize = 40;

/// The ranges of bytes of the words that `is_found` says so of, ascending, none touching another.
pub(crate) fn marks(text: &str, is_found: impl Fn(&str) -> bool) -> Vec<(usize, usize)> {
    let tokens = tokens(text);
    let found = tokens.into_iter().filter(|token| is_found(&token.text));
    merge(found.map(|token| token.range).collect())
}

/// Joins ranges that touch each other and leaves out what is none.
fn merge(mut ranges: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    ranges.retain(|(start, end)| start < end);
    ranges.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::with_capacity(ranges.len());
    for (start, end) in ranges {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// The text as HTML, the ranges in `<mark>`.
pub(crate) fn marked(text: &str, marks: &[(usize, usize)]) -> String {
    let mut html = String::with_capacity(text.len() + marks.len() * 13);
    let mut at = 0;
    for (start, end) in marks {
        let (Some(before), Some(found)) = (text.get(at..*start), text.get(*start..*end)) else {
            continue;
        };
        escape(before, &mut html);
        html.push_str("<mark>");
        escape(found, &mut html);
        html.push_str("</mark>");
        at = *end;
    }
    escape(text.get(at..).unwrap_or_default(), &mut html);
    html
}

/// The part of the text with the most marks, as HTML; the beginning if there is none.
pub(crate) fn snippet(text: &str, marks: &[(usize, usize)]) -> String {
    let (start, end) = window(text, marks);
    let inside = marks.iter().filter(|mark| mark.0 >= start && mark.1 <= end);
    let inside: Vec<(usize, usize)> = inside.map(|mark| (mark.0 - start, mark.1 - start)).collect();
    let mut html = String::new();
    if start > 0 {
        html.push('…');
    }
    html.push_str(&marked(&text[start..end], &inside));
    if end < text.len() {
        html.push('…');
    }
    html
}

fn window(text: &str, marks: &[(usize, usize)]) -> (usize, usize) {
    let most = |at: usize| {
        marks[at..]
            .iter()
            .take_while(|mark| mark.1 <= marks[at].0 + SNIPPET_CHARS)
            .count()
    };
    let best = (0..marks.len()).max_by_key(|at| (most(*at), std::cmp::Reverse(*at)));
    let first = best.map_or(0, |at| marks[at].0);
    let start = back(text, first, LEAD_CHARS);
    let mut end = text[start..]
        .char_indices()
        .nth(SNIPPET_CHARS)
        .map_or(text.len(), |(at, _)| start + at);
    // Words are not cut, where there are words.
    if end < text.len()
        && let Some(space) = text[start..end].rfind(char::is_whitespace)
        && start + space > first.max(start + (end - start) / 2)
    {
        end = start + space;
    }
    (start, end)
}

/// So many characters before a place, or a little less where a word begins.
fn back(text: &str, from: usize, characters: usize) -> usize {
    let before = &text[..from];
    let Some((start, _)) = before.char_indices().rev().nth(characters.saturating_sub(1)) else {
        return 0;
    };
    if start == 0 {
        return 0;
    }
    match text[start..from].find(char::is_whitespace) {
        Some(space) => {
            let at = start + space;
            at + text[at..].chars().next().map_or(0, char::len_utf8)
        }
        None => start,
    }
}

fn escape(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_words_and_escapes_the_rest() {
        let text = "A <b>Red</b> & \"red\" Café";
        let marks = marks(text, |word| word == "red" || word == "cafe");
        assert_eq!(
            marked(text, &marks),
            "A &lt;b&gt;<mark>Red</mark>&lt;/b&gt; &amp; &quot;<mark>red</mark>&quot; <mark>Café</mark>"
        );
    }

    #[test]
    fn a_snippet_is_around_the_words() {
        let text = format!("{} needle {}", "hay ".repeat(100), "straw ".repeat(100));
        let snippet = snippet(&text, &marks(&text, |word| word == "needle"));
        assert!(snippet.starts_with("…hay"), "{snippet}");
        assert!(snippet.contains("<mark>needle</mark>"), "{snippet}");
        assert!(snippet.ends_with("straw…"), "{snippet}");
        assert!(snippet.chars().count() < 250);
    }

    #[test]
    fn any_text_has_a_snippet() {
        proptest::proptest!(|(text in ".{0,600}", word in "[a-z東]")| {
            let marks = marks(&text, |found| found.contains(&word));
            let html = snippet(&text, &marks);
            proptest::prop_assert!(!html.replace("<mark>", "").replace("</mark>", "").contains('<'));
            let whole = marked(&text, &marks);
            proptest::prop_assert_eq!(whole.matches("<mark>").count(), marks.len());
        });
    }
}
