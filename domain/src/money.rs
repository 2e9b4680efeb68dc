//! Money in whole minor units.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ValueError, currency::Currency};

/// The highest total of an order, in minor units. Keeps sums of thousands of such orders within 64 bits,
/// and every total within the whole numbers that JavaScript can tell apart.
pub const MAX_TOTAL: i64 = 1_000_000_000_000_000;

/// An amount in the minor unit of its currency (pence, cents); may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units.
    pub amount: i64,
    /// What they are units of.
    pub currency: Currency,
}

/// A calculation with money has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The result does not fit 64 bits.
    #[error("the amount is too large to calculate with")]
    Overflow,
    /// Two currencies cannot be added.
    #[error("{left} and {right} cannot be added")]
    CurrencyMismatch {
        /// Currency of the first amount.
        left: Currency,
        /// Currency of the second amount.
        right: Currency,
    },
}

impl Money {
    /// An amount in minor units.
    #[must_use]
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Nothing, in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The sum of two amounts in one currency.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// The difference of two amounts in one currency.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    /// The amount, so many times.
    pub fn checked_mul(self, times: i64) -> Result<Self, MoneyError> {
        let amount = self.amount.checked_mul(times).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(amount, self.currency))
    }

    fn combine(self, other: Self, operation: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch {
                left: self.currency,
                right: other.currency,
            });
        }
        let amount = operation(self.amount, other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(amount, self.currency))
    }
}

impl fmt::Display for Money {
    /// In major units: `12.50 GBP`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = usize::from(self.currency.exponent());
        if digits == 0 {
            return write!(f, "{} {}", self.amount, self.currency);
        }
        let scale = 10_u64.pow(u32::from(self.currency.exponent()));
        let amount = self.amount.unsigned_abs();
        let sign = if self.amount < 0 { "-" } else { "" };
        write!(
            f,
            "{sign}{}.{:0digits$} {}",
            amount / scale,
            amount % scale,
            self.currency
        )
    }
}

/// What one unit of a product costs: 0 to 10^12 minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Price(Money);

impl Price {
    /// Checks and takes a price.
    pub fn new(money: Money) -> Result<Self, ValueError> {
        values::price_amount(money.amount).map(|_| Self(money))
    }

    /// The price as money.
    #[must_use]
    pub const fn money(self) -> Money {
        self.0
    }

    /// Minor units.
    #[must_use]
    pub const fn amount(self) -> i64 {
        self.0.amount
    }

    /// What they are units of.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.0.currency
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
