//! What took something off the price of a line.

use serde::{Deserialize, Serialize};

use crate::text::{name, text};

text! {
    /// What the customer or the shop named to get a discount, `SUMMER10`: 1 to 64 characters, case-sensitive.
    DiscountCode, "a discount code", 64, name, values::identifier
}

text! {
    /// What a discount was part of, `Summer sale 2026`: 1 to 128 characters.
    Campaign, "a campaign", 128, name, values::identifier
}

/// Why something was taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscountKind {
    /// These goods are cheaper.
    Line,
    /// The order as a whole is cheaper; this is the line's part.
    Order,
    /// The customer is a good one.
    Loyalty,
    /// The customer had a coupon.
    Coupon,
}

impl DiscountKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Line, Self::Order, Self::Loyalty, Self::Coupon];

    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Order => "order",
            Self::Loyalty => "loyalty",
            Self::Coupon => "coupon",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
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

/// Gives a discount of which nothing is known its default: on the goods of its line. An import once left it out, and says it now.
pub(crate) fn name_discount(discounts: &mut Vec<Discount>, taken_off: i64) {
    if discounts.is_empty() && taken_off > 0 {
        discounts.push(Discount {
            amount: taken_off,
            kind: DiscountKind::Line,
            code: None,
            campaign: None,
        });
    }
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
