//! From the rows of the read models to messages.

use proto::v1::{DiscountKind, LineKind, OrderStatus, ProductStatus, Role};
use rows::BadRow;

use crate::error::Error;

/// A row that cannot be read.
pub(crate) fn bad(row: BadRow) -> Error {
    let BadRow {
        table,
        column,
        row,
        expected,
        ..
    } = row;
    Error::BadRow {
        table,
        column,
        row,
        expected,
    }
}

/// A value that rows hold as a word: its name in the protocol without that of the enum, in lower case.
pub(crate) trait Word: Copy + TryFrom<i32> {
    /// What the names of the values begin with.
    const PREFIX: &'static str;

    /// The value's name in the protocol.
    fn name(self) -> &'static str;

    /// All values but that for nothing said.
    fn all() -> impl Iterator<Item = Self> {
        /// No enum that rows have words of has more values.
        const MOST: i32 = 32;
        (1..=MOST).filter_map(|number| Self::try_from(number).ok())
    }

    /// Its word.
    fn word(self) -> String {
        let name = self.name();
        name.strip_prefix(Self::PREFIX).unwrap_or(name).to_ascii_lowercase()
    }

    /// The value of a word; `None`: it is none of them.
    fn of(word: &str) -> Option<Self> {
        Self::all().find(|value| {
            let name = value.name().strip_prefix(Self::PREFIX).unwrap_or_default();
            name.bytes().map(|letter| letter.to_ascii_lowercase()).eq(word.bytes())
        })
    }

    /// The words of the values that a filter by `status` names.
    fn asked(numbers: &[i32]) -> Result<Vec<String>, Error> {
        let number_to_word = |number: &i32| {
            let known = (*number != 0).then(|| Self::try_from(*number).ok());
            known.flatten().map(Self::word)
        };
        let words: Option<Vec<_>> = numbers.iter().map(number_to_word).collect();
        let mut words = words.ok_or_else(|| {
            let mut all: Vec<_> = Self::all().map(Self::word).collect();
            let last = all.pop().unwrap_or_default();
            Error::invalid("status", "unknown", format!("must be {} or {last}", all.join(", ")))
        })?;
        words.sort_unstable();
        words.dedup();
        Ok(words)
    }
}

macro_rules! words {
    ($($name:ident $prefix:literal,)+) => {
        $(impl Word for $name {
            const PREFIX: &'static str = $prefix;

            fn name(self) -> &'static str {
                self.as_str_name()
            }
        })+
    };
}

words! {
    DiscountKind "DISCOUNT_KIND_",
    LineKind "LINE_KIND_",
    OrderStatus "ORDER_STATUS_",
    ProductStatus "PRODUCT_STATUS_",
    Role "ROLE_",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_names_of_the_protocol() {
        assert_eq!(OrderStatus::Cancelled.word(), "cancelled");
        assert_eq!(OrderStatus::of("cancelled"), Some(OrderStatus::Cancelled));
        for word in ["", "unspecified", "Cancelled", "order_status_cancelled", "lost"] {
            assert_eq!(OrderStatus::of(word), None, "{word}");
        }
        assert_eq!(Role::all().map(Role::word).collect::<Vec<_>>(), ["admin", "customer"]);
    }

    #[test]
    fn a_filter_names_values_that_there_are() {
        assert_eq!(
            ProductStatus::asked(&[3, 1, 3]).ok(),
            Some(vec!["archived".to_owned(), "draft".to_owned()])
        );
        for unknown in [0, 4, -1] {
            let Err(Error::Invalid { message, .. }) = ProductStatus::asked(&[1, unknown]) else {
                panic!("{unknown}");
            };
            assert_eq!(message, "must be draft, active or archived");
        }
    }
}
