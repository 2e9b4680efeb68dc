//! Texts with a length, in a normal form, free of control characters; the rules are those of [`values`].
//!
//! Texts are shared (`Arc<str>`): a product's name is copied into order lines, events and states, and
//! a copy costs a reference count.

use crate::ValueError;

/// Declares a text type: a checked constructor, and serde as the bare string.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $rule:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Longest allowed, in characters.
            pub const MAX_CHARS: usize = $rule.max_chars();

            /// Checks and takes a text.
            pub fn new(text: impl AsRef<str>) -> Result<Self, $crate::ValueError> {
                $rule.check(text.as_ref()).map(|text| Self(text.into()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

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

pub(crate) use text;

text! {
    /// A stock keeping unit: what the shop calls one sellable thing. 1 to 64 characters, case-sensitive,
    /// spaces inside allowed.
    Sku, values::SKU
}

text! {
    /// The name of a product: 1 to 200 characters in one line.
    ProductName, values::PRODUCT_NAME
}

text! {
    /// What a product is: up to 20,000 characters, with line feeds and tabs. CR LF and CR become LF.
    Description, values::DESCRIPTION
}

text! {
    /// A place in the category tree, `kitchen/mugs`: up to 8 levels of 1 to 80 characters, 400 in all.
    /// Empty: uncategorised.
    CategoryPath, values::CATEGORY
}

text! {
    /// Why something was done: 1 to 500 characters in one line.
    Reason, values::REASON
}

text! {
    /// The name of a person: 1 to 200 characters in one line.
    PersonName, values::PERSON_NAME
}

text! {
    /// The system that history is imported from, for example `online-retail`: 1 to 64 characters.
    Source, values::SOURCE
}

text! {
    /// The id of something in the system that it is imported from: 1 to 128 characters.
    ExternalId, values::EXTERNAL_ID
}

text! {
    /// What the system of origin calls a customer: 1 to 128 characters.
    CustomerReference, values::CUSTOMER_REFERENCE
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
