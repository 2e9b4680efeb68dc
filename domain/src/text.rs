//! Texts with a length, in a normal form, free of control characters.
//!
//! A text that identifies something takes the form of [`values::identifier`], so that look-alikes are one thing.
//!
//! Texts are shared (`Arc<str>`): a product's name is copied into order lines, events and states, and
//! a copy costs a reference count.

use crate::value::{ValueCode, ValueError};

/// Deepest category.
const MAX_CATEGORY_LEVELS: usize = 8;
/// Longest segment of a category, in characters.
const MAX_CATEGORY_SEGMENT: usize = 80;

/// Checks a text of which something can be seen.
pub(crate) fn line(text: &str, what: &'static str, max: usize) -> Result<(), ValueError> {
    if values::is_blank(text) {
        return Err(ValueError::new(
            ValueCode::Required,
            format!("{what} has 1 to {max} characters"),
        ));
    }
    optional_line(text, what, max)
}

/// Checks a text that may be empty.
pub(crate) fn optional_line(text: &str, what: &'static str, max: usize) -> Result<(), ValueError> {
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
pub(crate) fn name(text: &str, what: &'static str, max: usize) -> Result<(), ValueError> {
    line(text, what, max)?;
    undisguised(text, what)
}

/// Refuses letters that pass for letters of another script.
pub(crate) fn undisguised(text: &str, what: &'static str) -> Result<(), ValueError> {
    let Some(values::Disguise { letter }) = values::disguise(text) else {
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

pub(crate) fn paragraph(text: &str, what: &'static str, max: usize) -> Result<(), ValueError> {
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

/// Declares a text type: a checked constructor, and serde as the bare string.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal, $check:path, $prepare:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Longest allowed, in characters.
            pub const MAX_CHARS: usize = $max;

            /// Checks and takes a text.
            pub fn new(text: impl AsRef<str>) -> Result<Self, $crate::ValueError> {
                let prepare: fn(&str) -> std::borrow::Cow<'_, str> = $prepare;
                let text = prepare(text.as_ref());
                $check(&text, $what, $max)?;
                Ok(Self(text.into()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        $crate::text::text_traits!($name);
    };
}

/// The traits of a checked text over `Arc<str>`.
macro_rules! text_traits {
    ($name:ident) => {
        impl std::str::FromStr for $name {
            type Err = $crate::ValueError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::ValueError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.as_str().to_owned()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a string")
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        Ok($name(text.into()))
                    }
                }

                deserializer.deserialize_str(Visitor)
            }
        }
    };
}

pub(crate) use {text, text_traits};

text! {
    /// A stock keeping unit: what the shop calls one sellable thing. 1 to 64 characters, case-sensitive,
    /// spaces inside allowed.
    Sku, "a SKU", 64, name, values::identifier
}

text! {
    /// The name of a product: 1 to 200 characters in one line.
    ProductName, "a product name", 200, line, values::prose
}

text! {
    /// What a product is: up to 20,000 characters, with line feeds and tabs. CR LF and CR become LF.
    Description, "a description", 20_000, paragraph, values::paragraph
}

text! {
    /// A place in the category tree, `kitchen/mugs`: up to 8 levels of 1 to 80 characters, 400 in all.
    /// Empty: uncategorised.
    CategoryPath, "a category", 400, category, values::identifier
}

text! {
    /// Why something was done: 1 to 500 characters in one line.
    Reason, "a reason", 500, line, values::prose
}

text! {
    /// The name of a person: 1 to 200 characters in one line.
    PersonName, "a name", 200, line, values::prose
}

text! {
    /// The system that history is imported from, for example `online-retail`: 1 to 64 characters.
    Source, "a source", 64, name, values::identifier
}

text! {
    /// The id of something in the system that it is imported from: 1 to 128 characters.
    ExternalId, "an external id", 128, name, values::identifier
}

text! {
    /// What the system of origin calls a customer: 1 to 128 characters.
    CustomerReference, "a customer reference", 128, name, values::identifier
}

impl Sku {
    /// The stream that says which product has this SKU: `sku_<sku>`.
    #[must_use]
    pub fn stream_id(&self) -> String {
        format!("sku_{}", self.as_str())
    }
}

impl Reason {
    /// A reason that need not be given; none: nothing of it can be seen.
    ///
    /// # Errors
    /// As for one that must be given.
    pub fn optional(text: &str) -> Result<Option<Self>, ValueError> {
        if values::is_blank(text) {
            return Ok(None);
        }
        Self::new(text).map(Some)
    }
}

impl CategoryPath {
    /// The root: uncategorised.
    #[must_use]
    pub fn uncategorised() -> Self {
        Self("".into())
    }

    /// The names from the root down; none when uncategorised.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.as_str().split('/').filter(|segment| !segment.is_empty())
    }
}

impl Default for CategoryPath {
    fn default() -> Self {
        Self::uncategorised()
    }
}

impl Default for Description {
    fn default() -> Self {
        Self("".into())
    }
}
