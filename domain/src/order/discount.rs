//! What took something off the price of a line.

use serde::{Deserialize, Serialize};

use crate::{text::text, words::words};

text! {
    /// What the customer or the shop named to get a discount, `SUMMER10`: 1 to 64 characters, case-sensitive.
    DiscountCode, values::DISCOUNT_CODE
}

text! {
    /// What a discount was part of, `Summer sale 2026`: 1 to 128 characters.
    Campaign, values::CAMPAIGN
}

words! {
    /// Why something was taken off.
    DiscountKind {
        /// These goods are cheaper.
        Line = "line",
        /// The order as a whole is cheaper; this is the line's part.
        Order = "order",
        /// The customer is a good one.
        Loyalty = "loyalty",
        /// The customer had a coupon.
        Coupon = "coupon",
    }
}

/// A part of what was taken off a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// How much, in minor units of the order's currency; positive.
    pub amount: i64,
    /// Why.
    pub kind: DiscountKind,
    /// What it was got with, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<DiscountCode>,
    /// What it was part of, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Campaign>,
}

/// Whether discounts are what was taken off: none is named, or they add up to it.
pub(crate) fn add_up(discounts: &[Discount], taken_off: i64) -> bool {
    discounts.is_empty()
        || discounts.iter().all(|discount| discount.amount > 0)
            && discounts
                .iter()
                .map(|discount| i128::from(discount.amount))
                .sum::<i128>()
                == i128::from(taken_off)
}
