//! The schema of orders and credits: from rows to the request's rows.

mod assemble;
mod csv_line;
mod discount;
mod document;

use domain::{Country, Currency, CustomerReference, ExternalId, MAX_PRICE, MAX_TOTAL, ProductName, Quantity, Sku};
use proto::v1::{self, ImportOrderLine, ImportOrderRow, LineKind};

pub(crate) use assemble::Assembler;
use discount::{DiscountDraft, cut_back};
pub(crate) use document::{from_json, key_of};

use super::error::FieldError;
use super::field;

/// Columns that a file must have.
pub(crate) const REQUIRED: &[&str] = &[
    "external_id",
    "occurred_at",
    "currency",
    "sku",
    "quantity",
    "unit_price",
];
/// Columns that a file may have.
pub(crate) const OPTIONAL: &[&str] = &[
    "type",
    "customer_reference",
    "country",
    "kind",
    "name",
    "total",
    "discount",
    "discount_kind",
    "discount_code",
    "discount_campaign",
    "tax",
    "credits_external_id",
];

/// What an order says of itself, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct HeadDraft {
    external_id: String,
    kind: String,
    occurred_at: String,
    currency: String,
    country: String,
    customer_reference: String,
}

impl HeadDraft {
    /// The order without its lines.
    fn check(&self) -> Result<(ImportOrderRow, Currency), FieldError> {
        let refused = |field: &'static str| move |error| FieldError::value(field, &error);
        let external_id = ExternalId::new(&self.external_id).map_err(refused("external_id"))?;
        let credit = match self.kind.as_str() {
            "" | "order" => false,
            "credit" => true,
            _ => return Err(FieldError::new("type", "unknown", "is order or credit")),
        };
        let occurred_at_micros = field::time("occurred_at", &self.occurred_at)?;
        let currency = field::currency("currency", &self.currency)?;
        if !self.country.is_empty() {
            Country::new(&self.country).map_err(refused("country"))?;
        }
        if !self.customer_reference.is_empty() {
            CustomerReference::new(&self.customer_reference).map_err(refused("customer_reference"))?;
        }
        let row = ImportOrderRow {
            external_id: external_id.into(),
            credit,
            customer_reference: self.customer_reference.clone(),
            country: self.country.clone(),
            currency: currency.to_string(),
            lines: Vec::new(),
            occurred_at_micros,
        };
        Ok((row, currency))
    }
}

/// What a line says, its numbers read.
struct LineDraft {
    kind: String,
    sku: String,
    name: String,
    quantity: i64,
    unit_price: i64,
    total: Option<i64>,
    discount: i64,
    discounts: Vec<DiscountDraft>,
    tax: i64,
    credits_external_id: String,
}

impl LineDraft {
    fn check(self, credit: bool) -> Result<ImportOrderLine, FieldError> {
        let refused = |field: &'static str| move |error| FieldError::value(field, &error);
        let kind = match self.kind.as_str() {
            "" | "product" => LineKind::Product,
            "fee" => LineKind::Fee,
            "adjustment" => LineKind::Adjustment,
            _ => {
                return Err(FieldError::new("kind", "unknown", "is product, fee or adjustment"));
            }
        };
        let sku = Sku::new(&self.sku).map_err(refused("sku"))?;
        let name = if self.name.is_empty() {
            // A product has a name of its own; anything else is called what it is.
            match kind {
                LineKind::Product => String::new(),
                LineKind::Fee | LineKind::Adjustment | LineKind::Unspecified => sku.to_string(),
            }
        } else {
            ProductName::new(&self.name).map_err(refused("name"))?.into()
        };
        let signed = kind != LineKind::Product;
        let (most, lowest) = (Quantity::MAX.get(), i64::from(!signed));
        field::in_range("quantity", self.quantity, if signed { -most } else { lowest }, most)?;
        if self.quantity == 0 {
            return Err(FieldError::new(
                "quantity",
                "out_of_range",
                "must not be 0: nothing was sold, so leave the row out; money without goods is a fee of quantity 1",
            ));
        }
        check_amount("unit_price", self.unit_price, MAX_PRICE, signed)?;
        field::in_range("discount", self.discount, 0, MAX_TOTAL)?;
        let (total, discount) = self.total_and_discount(signed, credit)?;
        let mut discounts = Vec::with_capacity(self.discounts.len());
        for draft in self.discounts {
            discounts.push(draft.check()?);
        }
        cut_back(&mut discounts, discount);
        if discounts.is_empty() && discount > 0 {
            discounts.push(v1::Discount {
                amount: discount,
                kind: v1::DiscountKind::Line.into(),
                ..v1::Discount::default()
            });
        }
        check_amount("total", total, MAX_TOTAL, signed)?;
        if !(total.min(0)..=total.max(0)).contains(&self.tax) {
            return Err(FieldError::new(
                "tax",
                "out_of_range",
                "the tax is part of the total: between 0 and the total",
            ));
        }
        if kind == LineKind::Adjustment && [self.unit_price, total, discount, self.tax] != [0; 4] {
            return Err(FieldError::new(
                "unit_price",
                "out_of_range",
                "an adjustment moves goods and no money: its price is 0",
            ));
        }
        if !self.credits_external_id.is_empty() {
            if !credit {
                return Err(FieldError::new(
                    "credits_external_id",
                    "not_allowed",
                    "only a credit undoes an order",
                ));
            }
            ExternalId::new(&self.credits_external_id).map_err(refused("credits_external_id"))?;
        }
        Ok(ImportOrderLine {
            kind: kind.into(),
            sku: sku.into(),
            name,
            quantity: self.quantity,
            unit_price: self.unit_price,
            total,
            discount,
            discounts,
            tax: self.tax,
            credits_external_id: self.credits_external_id,
        })
    }

    /// What the line comes to and what was taken off for it.
    fn total_and_discount(&self, signed: bool, credit: bool) -> Result<(i64, i64), FieldError> {
        let too_large = || FieldError::new("total", "out_of_range", "the total is too large");
        let price = self.quantity.checked_mul(self.unit_price).ok_or_else(too_large)?;
        let left = price.checked_sub(self.discount).ok_or_else(too_large)?;
        // A coupon of more than the goods cost makes them free; nobody is paid for taking them.
        if !signed && left < 0 && self.total.is_none_or(|total| total == 0 || total == left) {
            return Ok((0, price));
        }
        let total = self.total.unwrap_or(left);
        // A unit price is rounded to the minor unit, the total only once.
        let rounding = self.quantity.unsigned_abs().div_ceil(2);
        let differs = |expected: i64| total.abs_diff(expected) > rounding;
        if !credit && (signed || total >= 0) && differs(left) && differs(left.saturating_add(self.tax)) {
            return Err(FieldError::new(
                "total",
                "differs",
                format!(
                    "is {total} minor units, but quantity times unit price less the discount makes {left}{}",
                    if self.tax == 0 {
                        ""
                    } else {
                        ", to which the tax may come"
                    }
                ),
            ));
        }
        Ok((total, self.discount))
    }
}

/// An order of goods comes to less than nothing.
fn check_sum(row: &ImportOrderRow) -> Result<(), FieldError> {
    let sum: i128 = row.lines.iter().map(|line| i128::from(line.total)).sum();
    if sum >= 0 || row.credit || row.lines.iter().all(|line| line.kind() != LineKind::Product) {
        return Ok(());
    }
    Err(FieldError::new(
        "total",
        "below_zero",
        format!(
            "the order comes to {sum} minor units: a coupon or other fee takes off no more than goods and fees cost; what is paid out is a credit"
        ),
    ))
}

fn check_amount(field: &'static str, amount: i64, limit: i64, signed: bool) -> Result<(), FieldError> {
    let lowest = if signed { -limit } else { 0 };
    if (lowest..=limit).contains(&amount) {
        return Ok(());
    }
    let reason = if amount < 0 && !signed {
        "is not negative on a product line; what is taken back is a credit"
    } else {
        "the amount is too large"
    };
    Err(FieldError::new(field, "out_of_range", reason))
}

/// External ids of the orders that a credit undoes.
pub(crate) fn credited(row: &ImportOrderRow) -> Vec<String> {
    let mut ids: Vec<_> = row
        .lines
        .iter()
        .map(|line| line.credits_external_id.clone())
        .filter(|id| !id.is_empty())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
