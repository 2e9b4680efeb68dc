//! What a text of some kind has to be.

use std::borrow::Cow;

use crate::{
    country, currency,
    disguise::{Disguise, disguise},
    text::{identifier, is_blank, paragraph, prose},
    value::{ValueCode, ValueError},
};

/// Deepest category.
const MAX_CATEGORY_LEVELS: usize = 8;
/// Longest segment of a category, in characters.
const MAX_CATEGORY_SEGMENT: usize = 80;

/// What a text of some kind has to be: its normal form, its length and what may be in it.
#[derive(Clone, Copy, Debug)]
pub struct TextRule {
    /// The kind, for messages.
    what: &'static str,
    max_chars: usize,
    optional: bool,
    form: fn(&str) -> Cow<'_, str>,
    check: fn(&str, &'static str, usize) -> Result<(), ValueError>,
}

impl TextRule {
    const fn new(
        what: &'static str,
        max_chars: usize,
        form: fn(&str) -> Cow<'_, str>,
        check: fn(&str, &'static str, usize) -> Result<(), ValueError>,
    ) -> Self {
        Self {
            what,
            max_chars,
            optional: false,
            form,
            check,
        }
    }

    /// Longest allowed, in characters.
    #[must_use]
    pub const fn max_chars(&self) -> usize {
        self.max_chars
    }

    /// The text in its normal form.
    ///
    /// # Errors
    /// When it is not what it has to be.
    pub fn check<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, ValueError> {
        if self.optional && is_blank(text) {
            return Ok(Cow::Borrowed(""));
        }
        let text = (self.form)(text);
        (self.check)(&text, self.what, self.max_chars)?;
        Ok(text)
    }

    /// The rule for a text that need not be given: one of which nothing can be seen is none.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }
}

/// A stock keeping unit.
pub const SKU: TextRule = TextRule::new("a SKU", 64, identifier, name);
/// The name of a product.
pub const PRODUCT_NAME: TextRule = TextRule::new("a product name", 200, prose, line);
/// What a product is.
pub const DESCRIPTION: TextRule = TextRule::new("a description", 20_000, paragraph, lines);
/// A place in the category tree.
pub const CATEGORY: TextRule = TextRule::new("a category", 400, identifier, category);
/// Why something was done.
pub const REASON: TextRule = TextRule::new("a reason", 500, prose, line);
/// The name of a person.
pub const PERSON_NAME: TextRule = TextRule::new("a name", 200, prose, line);
/// The system that history is imported from.
pub const SOURCE: TextRule = TextRule::new("a source", 64, identifier, name);
/// The id of something in the system that it is imported from.
pub const EXTERNAL_ID: TextRule = TextRule::new("an external id", 128, identifier, name);
/// What the system of origin calls a customer.
pub const CUSTOMER_REFERENCE: TextRule = TextRule::new("a customer reference", 128, identifier, name);
/// A country as another system calls it.
pub const COUNTRY: TextRule = TextRule::new("a country", 64, identifier, name);
/// A country by its code of ISO 3166-1 alpha-2, upper case.
pub const COUNTRY_CODE: TextRule = TextRule::new("a country", 2, as_given, |code, _, _| {
    country::country_code(code).map(|_| ())
});
/// A currency by its code of ISO 4217, upper case.
pub const CURRENCY: TextRule = TextRule::new("a currency", 3, as_given, |code, _, _| currency::check(code));
/// What was named to get a discount.
pub const DISCOUNT_CODE: TextRule = TextRule::new("a discount code", 64, identifier, name);
/// What a discount was part of.
pub const CAMPAIGN: TextRule = TextRule::new("a campaign", 128, identifier, name);
/// The name of an attribute.
pub const ATTRIBUTE_KEY: TextRule = TextRule::new("an attribute key", 64, identifier, name);
/// The text of an attribute.
pub const ATTRIBUTE_TEXT: TextRule = TextRule::new("an attribute value", 1_000, paragraph, lines);
/// An e-mail address, lower-cased, so that it is one identity however it was typed.
pub const EMAIL_ADDRESS: TextRule = TextRule::new("an e-mail address", 254, lower_case, email);
/// A word or phrase that people search for.
pub const SEARCH_TERM: TextRule = TextRule::new("a word or phrase", 100, prose, line);
/// A query that can have a rule. It needs a letter or a digit: without words it finds nothing.
pub const SEARCH_QUERY: TextRule = TextRule::new("a word or phrase", 100, prose, query);
/// A stop word: one word, that no space, hyphen, apostrophe or other sign parts.
pub const STOP_WORD: TextRule = TextRule::new("a word or phrase", 100, prose, stop_word);

/// Checks a text of which something can be seen.
fn line(text: &str, what: &'static str, max: usize) -> Result<(), ValueError> {
    if is_blank(text) {
        return Err(ValueError::new(
            ValueCode::Required,
            format!("{what} has 1 to {max} characters"),
        ));
    }
    optional_line(text, what, max)
}

/// Checks a text that may be empty.
fn optional_line(text: &str, what: &'static str, max: usize) -> Result<(), ValueError> {
    length(text, what, max)?;
    if text
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
    {
        return Err(ValueError::new(
            ValueCode::InvalidCharacter,
            format!("{what} has no control characters and no line breaks"),
        ));
    }
    Ok(())
}

/// Checks a text that identifies something.
fn name(text: &str, what: &'static str, max: usize) -> Result<(), ValueError> {
    line(text, what, max)?;
    undisguised(text, what)
}

/// Refuses letters that pass for letters of another script.
fn undisguised(text: &str, what: &'static str) -> Result<(), ValueError> {
    let Some(Disguise { letter }) = disguise(text) else {
        return Ok(());
    };
    Err(ValueError::new(
        ValueCode::InvalidCharacter,
        format!(
            "{what} does not mix scripts in letters that look alike: type {letter} (U+{:04X}) in the script of the rest",
            u32::from(letter)
        ),
    ))
}

fn length(text: &str, what: &'static str, max: usize) -> Result<(), ValueError> {
    // Bytes are never fewer than characters, so most texts need no count.
    if text.len() > max && text.chars().count() > max {
        return Err(ValueError::new(
            ValueCode::TooLong,
            format!("{what} has at most {max} characters"),
        ));
    }
    Ok(())
}

fn lines(text: &str, what: &'static str, max: usize) -> Result<(), ValueError> {
    length(text, what, max)?;
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(ValueError::new(
            ValueCode::InvalidCharacter,
            format!("{what} has no control characters but line feed and tab"),
        ));
    }
    Ok(())
}

fn category(text: &str, what: &'static str, max: usize) -> Result<(), ValueError> {
    if text.is_empty() {
        return Ok(());
    }
    optional_line(text, what, max)?;
    if text.split('/').count() > MAX_CATEGORY_LEVELS {
        return Err(ValueError::new(
            ValueCode::TooLong,
            format!("{what} has at most {MAX_CATEGORY_LEVELS} levels"),
        ));
    }
    for segment in text.split('/') {
        if segment.is_empty() || segment.trim() != segment {
            return Err(ValueError::new(
                ValueCode::InvalidFormat,
                format!("{what} is a path like kitchen/mugs, without empty segments and without spaces around one"),
            ));
        }
        if segment.bytes().all(|byte| byte == b'.') {
            return Err(ValueError::new(
                ValueCode::InvalidFormat,
                format!("{what} is a path from the root: no segment consists of dots"),
            ));
        }
        length(segment, "a segment of a category", MAX_CATEGORY_SEGMENT)?;
        undisguised(segment, what)?;
    }
    Ok(())
}

fn as_given(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

fn lower_case(text: &str) -> Cow<'_, str> {
    let text = identifier(text);
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    text
}

fn email(text: &str, what: &'static str, max: usize) -> Result<(), ValueError> {
    if text.is_empty() {
        return Err(ValueError::new(
            ValueCode::Required,
            "an e-mail address is needed, like ada@example.com",
        ));
    }
    length(text, what, max)?;
    if let Some(foreign) = text.chars().find(|c| !c.is_ascii()) {
        return Err(ValueError::new(
            ValueCode::InvalidFormat,
            format!(
                "an e-mail address consists of ASCII characters, other domains in Punycode: {foreign} (U+{:04X}) is none",
                u32::from(foreign)
            ),
        ));
    }
    let well_formed = text
        .rsplit_once('@')
        .is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
    if !well_formed {
        return Err(ValueError::new(
            ValueCode::InvalidFormat,
            "an e-mail address looks like ada@example.com",
        ));
    }
    Ok(())
}

/// The dot-atom of RFC 5322; quoted local parts are legal and nobody has one.
fn is_local_part(local: &str) -> bool {
    local.len() <= 64
        && local.split('.').all(|atom| {
            !atom.is_empty()
                && atom
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
        })
}

fn is_domain(domain: &str) -> bool {
    domain.contains('.')
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

fn query(text: &str, what: &'static str, max: usize) -> Result<(), ValueError> {
    line(text, what, max)?;
    if text.chars().any(char::is_alphanumeric) {
        return Ok(());
    }
    Err(ValueError::new(ValueCode::InvalidFormat, "a query has a word in it"))
}

fn stop_word(text: &str, what: &'static str, max: usize) -> Result<(), ValueError> {
    query(text, what, max)?;
    if text.contains(parts_words) {
        return Err(ValueError::new(
            ValueCode::InvalidFormat,
            "a stop word is one word, without signs",
        ));
    }
    Ok(())
}

fn parts_words(character: char) -> bool {
    match character {
        '\u{200c}' | '\u{200d}' => false,
        '\u{2010}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '·' => true,
        // Marks above and below letters part nothing.
        _ => !character.is_alphanumeric() && (character.is_ascii() || character.is_whitespace()),
    }
}
