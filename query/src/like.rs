//! Texts of clients as patterns of `LIKE` and as values of attributes.

use crate::error::Error;

/// Words beyond these make no difference: each is a pattern of its own.
const MAX_WORDS: usize = 10;
/// Longest text, in characters: what a search engine takes too.
const MAX_CHARS: usize = search::MAX_WORDS_CHARS;

/// One pattern a word; a product must match all of them.
pub(crate) fn words(search: &str) -> Result<Vec<String>, Error> {
    if search.len() > MAX_CHARS && search.chars().count() > MAX_CHARS {
        return Err(Error::invalid(
            "search",
            "too_long",
            format!("must be at most {MAX_CHARS} characters"),
        ));
    }
    Ok(search.split_whitespace().take(MAX_WORDS).map(contains).collect())
}

fn contains(word: &str) -> String {
    format!("%{}%", escape(word))
}

/// Everything below the category at `path`, itself not.
pub(crate) fn below(path: &str) -> String {
    format!("{}/%", escape(path))
}

/// `text` with what LIKE gives a meaning made literal.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | '%' | '_') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The JSON values that a client may mean by `text`: the string, and the number or boolean of that spelling.
pub(crate) fn meanings(text: &str) -> Vec<serde_json::Value> {
    let literal = serde_json::from_str::<serde_json::Value>(text)
        .ok()
        .filter(|value| value.is_number() || value.is_boolean());
    std::iter::once(text.into()).chain(literal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_literal() {
        assert_eq!(
            words(" 100%  a_b c\\d ").ok(),
            Some(vec!["%100\\%%".into(), "%a\\_b%".into(), "%c\\\\d%".into()])
        );
        assert_eq!(below("50%/x_y"), "50\\%/x\\_y/%");
        assert_eq!(words(&"a ".repeat(11)).map(|words| words.len()).ok(), Some(MAX_WORDS));
        assert!(words(&"é".repeat(MAX_CHARS)).is_ok());
        assert!(words(&"a".repeat(MAX_CHARS + 1)).is_err());
        assert_eq!(words("").ok(), Some(vec![]));
    }

    #[test]
    fn an_attribute_may_be_meant_as_text_number_or_truth() {
        use serde_json::json;
        assert_eq!(meanings("10"), [json!("10"), json!(10)]);
        assert_eq!(meanings("true"), [json!("true"), json!(true)]);
        assert_eq!(meanings("red"), [json!("red")]);
        assert_eq!(meanings("null"), [json!("null")]);
        assert_eq!(meanings("[1]"), [json!("[1]")]);
    }
}
