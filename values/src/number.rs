//! What a number of some kind has to be.

use crate::value::{ValueCode, ValueError};

/// The most units at once.
pub const MAX_QUANTITY: i64 = 1_000_000_000;
/// The most units that can be on hand.
pub const MAX_ON_HAND: i64 = 1_000_000_000_000;
/// The highest price, in minor units.
pub const MAX_PRICE: i64 = 1_000_000_000_000;
/// The largest number with a fraction or an exponent, 2^53 - 1. Beyond it not even whole numbers can be told apart (2^53 + 1 is read as
/// 2^53), so that what is stored would not be what was given.
pub const MAX_EXACT: f64 = 9_007_199_254_740_991.0;
/// The most lines of an order that is placed.
pub const MAX_ORDER_LINES: usize = 500;
/// The most attributes that a product can have.
pub const MAX_ATTRIBUTES: usize = 250;

/// What a whole number of a kind has to be.
#[derive(Clone, Copy, Debug)]
pub struct NumberRule {
    /// The smallest one.
    pub least: i64,
    /// The largest one.
    pub most: i64,
    /// All that is asked of it.
    pub check: fn(i64) -> Result<i64, ValueError>,
}

impl NumberRule {
    const fn new(least: i64, most: i64, check: fn(i64) -> Result<i64, ValueError>) -> Self {
        Self { least, most, check }
    }

    fn within(&self, number: i64, message: &'static str) -> Result<i64, ValueError> {
        if (self.least..=self.most).contains(&number) {
            Ok(number)
        } else {
            Err(ValueError::new(ValueCode::OutOfRange, message))
        }
    }
}

/// The rule of [`quantity`].
pub const QUANTITY: NumberRule = NumberRule::new(1, MAX_QUANTITY, quantity);
/// The rule of [`counted`].
pub const COUNTED: NumberRule = NumberRule::new(0, MAX_ON_HAND, counted);
/// The rule of [`adjustment`].
pub const ADJUSTMENT: NumberRule = NumberRule::new(-MAX_QUANTITY, MAX_QUANTITY, adjustment);
/// The rule of [`price_amount`].
pub const PRICE_AMOUNT: NumberRule = NumberRule::new(0, MAX_PRICE, price_amount);

/// A number of units.
///
/// # Errors
/// When it is out of range.
pub fn quantity(units: i64) -> Result<i64, ValueError> {
    QUANTITY.within(units, "a quantity is a whole number from 1 to 1000000000")
}

/// A number of units that a count found.
///
/// # Errors
/// When it is out of range.
pub fn counted(units: i64) -> Result<i64, ValueError> {
    COUNTED.within(units, "a count is 0 to 1000000000000")
}

/// A number of units more or, with a minus, fewer than are in the books.
///
/// # Errors
/// When it is 0 or out of range.
pub fn adjustment(units: i64) -> Result<i64, ValueError> {
    if units == 0 {
        return Err(ValueError::new(ValueCode::OutOfRange, "an adjustment is not 0"));
    }
    ADJUSTMENT.within(units, "an adjustment is -1000000000 to 1000000000")
}

/// What one unit costs, in minor units.
///
/// # Errors
/// When it is out of range.
pub fn price_amount(amount: i64) -> Result<i64, ValueError> {
    PRICE_AMOUNT.within(amount, "a price is 0 to 1000000000000 minor units")
}

/// The number of an attribute.
///
/// # Errors
/// When it is not finite or too large to be kept digit by digit.
pub fn attribute_number(number: f64) -> Result<f64, ValueError> {
    if number.abs() <= MAX_EXACT {
        return Ok(number);
    }
    Err(ValueError::new(
        ValueCode::OutOfRange,
        "a number that large would not be kept digit by digit: a whole number has 64 bits with its sign, any other is up to \
         9007199254740991 (2^53 - 1); write it as a text",
    ))
}
