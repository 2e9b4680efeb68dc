//! What the members of a body are limited to, for the description of the API.

use std::{cell::RefCell, rc::Rc};

use utoipa::{
    Number,
    openapi::{Schema, schema::Object},
};
use values::{NumberRule, TextRule};

/// The limits of the members of a body, by their names.
pub(super) type Limits = Rc<RefCell<Vec<(String, Limit)>>>;

/// A limit of a member.
pub(super) enum Limit {
    /// Characters.
    Text {
        least: usize,
        most: usize,
    },
    Number {
        least: i64,
        most: i64,
    },
    /// Items of an array.
    Items {
        least: usize,
        most: usize,
    },
}

impl From<&TextRule> for Limit {
    fn from(rule: &TextRule) -> Self {
        Self::Text {
            least: usize::from(rule.check("").is_err()),
            most: rule.max_chars(),
        }
    }
}

impl From<&NumberRule> for Limit {
    fn from(rule: &NumberRule) -> Self {
        Self::Number {
            least: rule.least,
            most: rule.most,
        }
    }
}

impl Limit {
    /// Adds the limit to the schema of its member.
    pub(super) fn describe(&self, member: &mut Schema) {
        match (self, member) {
            (
                Self::Text { least, most },
                Schema::Object(Object {
                    min_length, max_length, ..
                }),
            ) => {
                *min_length = (*least > 0).then_some(*least);
                *max_length = Some(*most);
            }
            (Self::Number { least, most }, Schema::Object(Object { minimum, maximum, .. })) => {
                let number = |limit: i64| isize::try_from(limit).ok().map(Number::Int);
                (*minimum, *maximum) = (number(*least), number(*most));
            }
            (Self::Items { least, most }, Schema::Array(items)) => {
                items.min_items = (*least > 0).then_some(*least);
                items.max_items = Some(*most);
            }
            _ => (),
        }
    }
}
