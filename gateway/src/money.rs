//! Money as clients see it.

use proto::v1;
use serde::Serialize;

use crate::json::Fields;

/// An amount in the currency's minor unit (pence, cents).
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub(crate) struct Money {
    /// Minor units.
    #[schema(example = 1250)]
    pub(crate) amount: i64,
    /// ISO 4217, upper case.
    #[schema(example = "GBP")]
    pub(crate) currency: String,
}

impl Money {
    pub(crate) fn new(amount: i64, currency: &str) -> Self {
        Self {
            amount,
            currency: currency.to_owned(),
        }
    }

    /// Reads `{"amount": ..., "currency": ...}`.
    pub(crate) fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            amount: fields.integer("amount"),
            currency: fields.ruled("currency", &values::CURRENCY),
        }
    }

    /// The same of what one unit costs.
    pub(crate) fn read_price(fields: &mut Fields<'_>) -> Self {
        Self {
            amount: fields.number("amount", &values::PRICE_AMOUNT),
            currency: fields.ruled("currency", &values::CURRENCY),
        }
    }
}

impl From<Money> for v1::Money {
    fn from(money: Money) -> Self {
        Self {
            amount: money.amount,
            currency: money.currency,
        }
    }
}

impl From<v1::Money> for Money {
    fn from(money: v1::Money) -> Self {
        Self {
            amount: money.amount,
            currency: money.currency,
        }
    }
}

/// True for three upper-case ASCII letters: what may be asked for; whether there is such a currency is not asked.
pub(crate) fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{ReadBody, read_body};

    struct Price(Option<Money>);

    impl ReadBody for Price {
        fn read(fields: &mut Fields<'_>) -> Self {
            Self(fields.object("price", Money::read))
        }
    }

    fn price(text: &str) -> Result<Money, Vec<(String, String)>> {
        read_body::<Price>(serde_json::from_str(text).unwrap())
            .map(|price| price.0.unwrap())
            .map_err(|errors| {
                errors
                    .into_iter()
                    .map(|error| (error.field, error.code.into_owned()))
                    .collect()
            })
    }

    #[test]
    fn money_is_minor_units_and_a_currency() {
        assert_eq!(
            price(r#"{"price": {"amount": -5, "currency": "GBP"}}"#),
            Ok(Money::new(-5, "GBP"))
        );
        for (text, field, code) in [
            (
                r#"{"price": {"amount": 12.5, "currency": "GBP"}}"#,
                "price.amount",
                "invalid_type",
            ),
            (
                r#"{"price": {"amount": "12", "currency": "GBP"}}"#,
                "price.amount",
                "invalid_type",
            ),
            (
                r#"{"price": {"amount": 12, "currency": "gbp"}}"#,
                "price.currency",
                "invalid_format",
            ),
            (r#"{"price": {"amount": 12}}"#, "price.currency", "required"),
            (r#"{"price": 12}"#, "price", "invalid_type"),
            (
                r#"{"price": {"amount": 1, "currency": "GBP", "vat": 1}}"#,
                "price.vat",
                "unknown_field",
            ),
        ] {
            assert_eq!(price(text), Err(vec![(field.to_owned(), code.to_owned())]), "{text}");
        }
    }
}
