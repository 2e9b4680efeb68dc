//! Enums whose variants have a word each, stored by it.

/// Declares such an enum, as [`values::words!`] does; stored events have the words, so they stay as they are.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        values::words! {
            $(#[$meta])*
            #[derive(
                Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            )]
            pub enum $name {
                $($(#[$variant_meta])* #[serde(rename = $word)] $variant = $word),+
            }
        }
    };
}

pub(crate) use words;
