//! What a client types, as LIKE patterns.

use crate::error::Error;

const MAX_WORDS: usize = 10;
const MAX_BYTES: usize = 500;

/// One pattern a word; a product must match all of them.
pub(super) fn words(search: &str) -> Result<Vec<String>, Error> {
    let words: Vec<_> = search.split_whitespace().map(contains).collect();
    if words.len() > MAX_WORDS || search.len() > MAX_BYTES {
        return Err(Error::invalid(
            "search",
            "too_long",
            format!("must be at most {MAX_WORDS} words and {MAX_BYTES} bytes"),
        ));
    }
    Ok(words)
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
pub(super) fn meanings(text: &str) -> Vec<serde_json::Value> {
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
        assert!(words(&"a ".repeat(11)).is_err());
        assert!(words(&"a".repeat(501)).is_err());
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
