//! Values out of a closed list, each with a word.

/// A value whose column holds a word.
pub trait Word: Copy + 'static {
    /// Its word.
    fn as_str(self) -> &'static str;

    /// The value of a word; `None`: it is none of the list.
    fn parse(word: &str) -> Option<Self>;
}

/// Declares an enum as [`values::words!`] does, whose words may stand in a column.
#[macro_export]
macro_rules! words {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($(#[$about:meta])* $value:ident = $word:literal,)+
        }
    ) => {
        $crate::values::words! {
            $(#[$meta])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            $vis enum $name {
                $($(#[$about])* $value = $word,)+
            }
        }

        impl $crate::Word for $name {
            fn as_str(self) -> &'static str {
                self.as_str()
            }

            fn parse(word: &str) -> Option<Self> {
                Self::of_word(word)
            }
        }
    };
}
