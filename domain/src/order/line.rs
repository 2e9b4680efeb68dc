use serde::{Deserialize, Serialize};

use crate::{
    CategoryPath, MAX_PRICE, MAX_TOTAL, ProductId, ProductName, Quantity, Sku,
    order::{Discount, DiscountKind, discount::add_up},
    words::words,
};

pub use values::MAX_ORDER_LINES as MAX_LINES;

/// The most lines of an imported order or credit.
pub const MAX_IMPORTED_LINES: usize = 10_000;

words! {
    /// What a line of imported history stands for.
    LineKind {
        /// Goods for money.
        Product = "product",
        /// Money without goods: postage, charges, discounts.
        Fee = "fee",
        /// Goods without money: stock corrections that the source booked as an invoice.
        Adjustment = "adjustment",
    }
}

/// A line of an order that was placed: the product as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The product.
    pub product_id: ProductId,
    /// Its SKU.
    pub sku: Sku,
    /// Its name.
    pub name: ProductName,
    /// Where it stood in the catalogue.
    pub category: CategoryPath,
    /// How many.
    pub quantity: Quantity,
    /// What one cost, in minor units of the order's currency.
    pub unit_price: i64,
    /// What all of them cost, in minor units of the order's currency: without the discount, with the tax.
    pub total: i64,
    /// What was taken off before it became `total`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub discount: i64,
    /// What took off `discount`, part by part; empty: that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
    /// How much of `total` is tax.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tax: i64,
}

/// A line of an imported order, or of a credit: there, positive numbers are taken back from the customer and given back in money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedLine {
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
    /// What one cost, in minor units of the order's currency; negative only in fees.
    pub unit_price: i64,
    /// What all of them cost, to the minor unit; need not be `quantity` times `unit_price`, because the
    /// source may price in fractions of a minor unit. Without the discount, with the tax. Negative only in
    /// fees.
    pub total: i64,
    /// What was taken off before it became `total`; never negative.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub discount: i64,
    /// What took off `discount`, part by part; empty: that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
    /// How much of `total` is tax: between 0 and `total`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tax: i64,
}

/// What is wrong with an imported line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// A product line names no product.
    #[error("a product line needs a product")]
    ProductMissing,
    /// A fee names a product.
    #[error("a fee has no product")]
    ProductOnFee,
    /// The quantity is 0, too large, or negative on a product line.
    #[error("a quantity is 1 to 1000000000; that of a fee or an adjustment may be negative, but not 0")]
    Quantity,
    /// The unit price is too large, or negative on a product line.
    #[error("a unit price is 0 to 1000000000000 minor units; that of a fee may be negative")]
    UnitPrice,
    /// The total is too large, or negative on a product line.
    #[error("a line's total is 0 to 1000000000000000 minor units; that of a fee may be negative")]
    Total,
    /// An adjustment moves money.
    #[error("an adjustment has no price and no total")]
    MoneyInAdjustment,
    /// The discount is negative or too large.
    #[error("a discount is 0 to 1000000000000000 minor units")]
    Discount,
    /// The parts of the discount are not what it is.
    #[error("the discounts of a line are positive and add up to its discount")]
    Discounts,
    /// The tax is more than the total that it is part of, or of the other sign.
    #[error("a line's tax is part of its total: between 0 and the total")]
    Tax,
}

impl ImportedLine {
    /// Gives a discount of which nothing is known its default: on the goods of its line. An import once left it out, and says it now.
    pub(crate) fn name_discount(&mut self) {
        if self.discounts.is_empty() && self.discount > 0 {
            self.discounts.push(Discount {
                amount: self.discount,
                kind: DiscountKind::Line,
                code: None,
                campaign: None,
            });
        }
    }

    /// Refuses a line that cannot be history.
    fn check(&self) -> Result<(), LineProblem> {
        match self.kind {
            LineKind::Product if self.product_id.is_none() => return Err(LineProblem::ProductMissing),
            LineKind::Fee if self.product_id.is_some() => return Err(LineProblem::ProductOnFee),
            LineKind::Adjustment if [self.unit_price, self.total, self.discount, self.tax] != [0; 4] => {
                return Err(LineProblem::MoneyInAdjustment);
            }
            LineKind::Product | LineKind::Fee | LineKind::Adjustment => {}
        }
        let signed = self.kind != LineKind::Product;
        if self.quantity == 0 || !within(self.quantity, Quantity::MAX.get(), signed) {
            return Err(LineProblem::Quantity);
        }
        if !within(self.unit_price, MAX_PRICE, signed) {
            return Err(LineProblem::UnitPrice);
        }
        if !within(self.total, MAX_TOTAL, signed) {
            return Err(LineProblem::Total);
        }
        if !within(self.discount, MAX_TOTAL, false) {
            return Err(LineProblem::Discount);
        }
        if !add_up(&self.discounts, self.discount) {
            return Err(LineProblem::Discounts);
        }
        if !(self.total.min(0)..=self.total.max(0)).contains(&self.tax) {
            return Err(LineProblem::Tax);
        }
        Ok(())
    }
}

/// Refuses lines that cannot be history: tells the first of them, by its place, and why.
pub(crate) fn check_lines<'a>(lines: impl IntoIterator<Item = &'a ImportedLine>) -> Result<(), (usize, LineProblem)> {
    for (index, line) in lines.into_iter().enumerate() {
        line.check().map_err(|problem| (index, problem))?;
    }
    Ok(())
}

/// Whether a number may be left out of JSON.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
pub(crate) fn is_zero(number: &i64) -> bool {
    *number == 0
}

fn within(number: i64, limit: i64, signed: bool) -> bool {
    let lowest = if signed { -limit } else { 0 };
    (lowest..=limit).contains(&number)
}

/// The sum of the lines' totals, if it is a total.
pub(crate) fn sum_totals(totals: impl IntoIterator<Item = i64>) -> Option<i64> {
    totals
        .into_iter()
        .try_fold(0_i64, i64::checked_add)
        .filter(|total| (-MAX_TOTAL..=MAX_TOTAL).contains(total))
}
