use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    CategoryPath, OrderId, ProductId, ProductName, Sku,
    credit::CreditError,
    order::{Discount, LineFacts, LineKind, OrderCredit, is_zero, sum_totals},
};

/// A line of a credit. Positive numbers are taken back from the customer and given back in money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditLine {
    /// What the line stands for.
    pub kind: LineKind,
    /// The product; of a product line always, of a fee never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<ProductId>,
    /// What the source calls it.
    pub sku: Sku,
    /// Its name.
    pub name: ProductName,
    /// Its place in the catalogue.
    pub category: CategoryPath,
    /// How many; negative only in fees and adjustments.
    pub quantity: i64,
    /// What one cost, in minor units of the credit's currency; negative only in fees.
    pub unit_price: i64,
    /// What is given back for all, to the minor unit, with the tax; negative only in fees.
    pub total: i64,
    /// The part of a discount that goes with what is taken back. `total` is without it already.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub discount: i64,
    /// What took off `discount`, part by part; empty: that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
    /// How much of `total` is tax: between 0 and `total`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tax: i64,
    /// The order that the line undoes, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
}

impl<'a> From<&'a CreditLine> for LineFacts<'a> {
    fn from(line: &'a CreditLine) -> Self {
        Self {
            kind: line.kind,
            has_product: line.product_id.is_some(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            total: line.total,
            discount: line.discount,
            discounts: &line.discounts,
            tax: line.tax,
        }
    }
}

/// What the lines take back of each order that they name: the matter of an
/// [`crate::order::OrderCommand::Credit`] to each. Units are those of product lines.
pub fn by_order(lines: &[CreditLine]) -> Result<BTreeMap<OrderId, OrderCredit>, CreditError> {
    let mut credits = BTreeMap::<OrderId, OrderCredit>::new();
    for line in lines {
        let Some(order_id) = line.order_id else {
            continue;
        };
        let credit = credits.entry(order_id).or_default();
        credit.amount = sum_totals([credit.amount, line.total]).ok_or(CreditError::TotalTooLarge)?;
        if line.kind == LineKind::Product {
            credit.units = credit
                .units
                .checked_add(line.quantity)
                .ok_or(CreditError::TotalTooLarge)?;
        }
    }
    Ok(credits)
}
