//! Discounts of a line.

use domain::order::{Campaign, DiscountCode};
use proto::v1::{self};

use crate::error::FieldError;

/// A part of what was taken off, and where it stands in the row.
pub(super) struct DiscountDraft {
    pub(super) amount: i64,
    pub(super) kind: String,
    pub(super) code: String,
    pub(super) campaign: String,
    /// What its fields are called.
    pub(super) prefix: String,
}

impl DiscountDraft {
    pub(super) fn check(self) -> Result<v1::Discount, FieldError> {
        let field = |name: &str| format!("{}{name}", self.prefix);
        let kind = match self.kind.as_str() {
            "" | "line" => v1::DiscountKind::Line,
            "order" => v1::DiscountKind::Order,
            "loyalty" => v1::DiscountKind::Loyalty,
            "coupon" => v1::DiscountKind::Coupon,
            _ => {
                return Err(FieldError::new(
                    field("kind"),
                    "unknown",
                    "is line, order, loyalty or coupon",
                ));
            }
        };
        if !self.code.is_empty() {
            DiscountCode::new(&self.code).map_err(|error| FieldError::value(field("code"), &error))?;
        }
        if !self.campaign.is_empty() {
            Campaign::new(&self.campaign).map_err(|error| FieldError::value(field("campaign"), &error))?;
        }
        Ok(v1::Discount {
            amount: self.amount,
            kind: kind.into(),
            code: self.code,
            campaign: self.campaign,
        })
    }
}

/// Discounts cut back to what they took off together: the last ones had nothing left to take from.
pub(super) fn cut_back(discounts: &mut Vec<v1::Discount>, mut taken_off: i64) {
    for discount in &mut *discounts {
        discount.amount = discount.amount.min(taken_off);
        taken_off -= discount.amount;
    }
    discounts.retain(|discount| discount.amount > 0);
}
