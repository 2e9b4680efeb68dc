//! One row of a CSV file of orders.

use domain::Currency;
use files::read::Record;
use proto::v1::ImportOrderLine;

use super::super::error::FieldError;
use super::super::field;
use super::super::header::Header;
use super::discount::DiscountDraft;
use super::{HeadDraft, LineDraft};

/// The columns that say something of the order as a whole.
pub(super) fn head(header: &Header, record: &Record) -> Result<HeadDraft, FieldError> {
    let text = |name| header.text(record, name).map(str::to_owned);
    Ok(HeadDraft {
        external_id: text("external_id")?,
        kind: text("type")?,
        occurred_at: text("occurred_at")?,
        currency: text("currency")?,
        country: text("country")?,
        customer_reference: text("customer_reference")?,
    })
}

/// Checks that a further row of an order repeats what the first one said, or leaves it empty.
pub(super) fn agrees(first: &HeadDraft, row: &HeadDraft, line: u64) -> Result<(), FieldError> {
    let columns = [
        ("type", &first.kind, &row.kind),
        ("occurred_at", &first.occurred_at, &row.occurred_at),
        ("currency", &first.currency, &row.currency),
        ("country", &first.country, &row.country),
        ("customer_reference", &first.customer_reference, &row.customer_reference),
    ];
    for (column, first_value, repeated_value) in columns {
        if !repeated_value.is_empty() && first_value != repeated_value {
            return Err(FieldError::new(
                column,
                "differs",
                format!("differs from line {line}, which is of the same order"),
            ));
        }
    }
    Ok(())
}

/// The columns of the line.
pub(super) fn line(
    header: &Header,
    record: &Record,
    credit: bool,
    currency: Currency,
) -> Result<ImportOrderLine, FieldError> {
    let text = |name| header.text(record, name);
    let quantity = field::integer("quantity", field::required("quantity", text("quantity")?)?)?;
    let unit_price = field::amount("unit_price", text("unit_price")?, currency)?;
    let optional = |name| match text(name)? {
        "" => Ok(None),
        amount => field::amount(name, amount, currency).map(Some),
    };
    let total = optional("total")?;
    let discount = optional("discount")?.unwrap_or_default();
    let named = [
        text("discount_kind")?,
        text("discount_code")?,
        text("discount_campaign")?,
    ];
    let discounts = match (discount, named) {
        (_, ["", "", ""]) => Vec::new(),
        (0, _) => {
            return Err(FieldError::new(
                "discount",
                "required",
                "must say how much the discount took off",
            ));
        }
        (amount, [kind, code, campaign]) => vec![DiscountDraft {
            amount,
            kind: kind.to_owned(),
            code: code.to_owned(),
            campaign: campaign.to_owned(),
            prefix: "discount_".to_owned(),
        }],
    };
    let tax = optional("tax")?.unwrap_or_default();
    LineDraft {
        kind: text("kind")?.to_owned(),
        sku: text("sku")?.to_owned(),
        name: text("name")?.to_owned(),
        quantity,
        unit_price,
        total,
        discount,
        discounts,
        tax,
        credits_external_id: text("credits_external_id")?.to_owned(),
    }
    .check(credit)
}
