//! What a value is, however it was typed or pasted: rules that writers and readers must apply alike.
//!
//! A text has a normal form: two that look the same must be the same where a text identifies something. [`identifier`] gives such a
//! text its one form, and [`disguise()`] finds what no form can settle. [`prose`] cleans texts that only people read.
//!
//! Every kind of value has its rule here, once: a [`TextRule`] ([`SKU`], [`PRODUCT_NAME`], ...) or a function of a number
//! ([`quantity`], [`price_amount`], ...). `domain` makes types of them; who only passes a value on asks the rule, and refuses it for the
//! same reason, by the same code ([`ValueError`]).

mod chain;
mod country;
mod currency;
mod disguise;
mod number;
mod rule;
mod search;
mod text;
mod value;
mod words;

pub use chain::chain;
pub use country::country_code;
pub use currency::minor_digits;
pub use disguise::{Disguise, disguise};
pub use number::{
    ADJUSTMENT, COUNTED, MAX_ATTRIBUTES, MAX_EXACT, MAX_ON_HAND, MAX_ORDER_LINES, MAX_PRICE, MAX_QUANTITY, NumberRule,
    PRICE_AMOUNT, QUANTITY, adjustment, attribute_number, counted, price_amount, quantity,
};
pub use rule::{
    ATTRIBUTE_KEY, ATTRIBUTE_TEXT, CAMPAIGN, CATEGORY, COUNTRY, COUNTRY_CODE, CURRENCY, CUSTOMER_REFERENCE,
    DESCRIPTION, DISCOUNT_CODE, EMAIL_ADDRESS, EXTERNAL_ID, PERSON_NAME, PRODUCT_NAME, REASON, SEARCH_QUERY,
    SEARCH_TERM, SKU, SOURCE, STOP_WORD, TextRule,
};
pub use search::{
    MAX_HIDDEN, MAX_PINNED, MAX_STOP_WORDS, MAX_SYNONYM_WORDS, MAX_SYNONYMS, distinct_words, folded, one_way_synonym,
    repeated, synonym_group,
};
pub use text::{identifier, is_blank, paragraph, prose};
pub use value::{ValueCode, ValueError};
