use crate::{Currency, ValueError};

/// Why a command to a product was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProductError {
    /// No such product.
    #[error("there is no such product")]
    NotFound,
    /// The product is deleted.
    #[error("the product is deleted; restore it first")]
    Deleted,
    /// The id is in use.
    #[error("the product exists already")]
    AlreadyExists,
    /// What is sold has a price.
    #[error("a product without a price cannot be sold; set its price first")]
    PriceMissing,
    /// Half a price was given for a product that has none.
    #[error("the product has no price yet: give its {missing} too")]
    HalfAPrice {
        /// The half that is missing: `amount` or `currency`.
        missing: &'static str,
    },
    /// The amount of a price is not valid.
    #[error("price: {0}")]
    InvalidPrice(ValueError),
    /// A list in one currency meets a price in another.
    #[error("the product's price is in {present}; change it to another currency by hand")]
    OtherCurrency {
        /// What the price is in.
        present: Currency,
    },
    /// More attributes than a product can have.
    #[error("a product has at most {limit} attributes, not {count}")]
    TooManyAttributes {
        /// How many there would be.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The value of an attribute is not valid.
    #[error("attribute {key}: {error}")]
    InvalidAttribute {
        /// The attribute.
        key: crate::AttributeKey,
        /// What is wrong with its value.
        error: ValueError,
    },
}
