//! A row of history, checked.

use chrono::{DateTime, Utc};
use domain::{
    Country, Currency, CustomerReference, ExternalId, ProductName, Sku, Source, UserId,
    order::{Campaign, Discount, DiscountCode, DiscountKind, ImportedLine, LineKind, MAX_IMPORTED_LINES},
};
use proto::{
    failure::Failure,
    v1::{self, ImportOrderLine, ImportOrderRow},
};

use crate::{fields::Fields, orders::catalogue::Products};

/// An order or a credit of another system.
pub(super) struct Row {
    pub(super) source: Source,
    pub(super) external_id: ExternalId,
    pub(super) customer_id: Option<UserId>,
    pub(super) customer_reference: Option<CustomerReference>,
    pub(super) country: Option<Country>,
    pub(super) currency: Currency,
    pub(super) lines: Vec<Line>,
    pub(super) occurred_at: DateTime<Utc>,
}

pub(super) struct Line {
    pub(super) item: ImportedLine,
    /// Whether the row itself says the name.
    named: bool,
    /// The order that a credit's line undoes.
    pub(super) credits: Option<ExternalId>,
}

impl Row {
    pub(super) fn read(row: &ImportOrderRow, source: &Source, products: &Products) -> Result<Self, Failure> {
        Fields::read(|fields| {
            let external_id = fields.check("external_id", ExternalId::new(&row.external_id));
            let customer_reference =
                fields.optional("customer_reference", &row.customer_reference, CustomerReference::new);
            let country = fields.optional("country", &row.country, Country::new);
            let currency = fields.check("currency", Currency::new(&row.currency));
            let occurred_at =
                DateTime::from_timestamp_micros(row.occurred_at_micros).filter(|_| row.occurred_at_micros != 0);
            let occurred_at = fields.require("occurred_at", occurred_at, "when it happened");
            if row.lines.is_empty() {
                fields.add("lines", "required", "at least one line is required");
            }
            if row.lines.len() > MAX_IMPORTED_LINES {
                fields.add("lines", "too_many", format!("at most {MAX_IMPORTED_LINES} lines"));
                return None;
            }
            let lines = row.lines.iter().enumerate();
            let lines = lines
                .filter_map(|(index, line)| Line::read(fields, &format!("lines[{index}]"), line, products))
                .collect();
            Some(Self {
                source: source.clone(),
                external_id: external_id?,
                customer_id: customer_reference
                    .as_ref()
                    .map(|reference| UserId::imported(source.as_str(), reference.as_str())),
                customer_reference,
                country,
                currency: currency?,
                lines,
                occurred_at: occurred_at?,
            })
        })
    }

    /// The lines whose name is not the row's own, ascending.
    pub(super) fn unnamed_lines(&self) -> Vec<usize> {
        let unnamed = |(index, line): (usize, &Line)| (!line.named).then_some(index);
        self.lines.iter().enumerate().filter_map(unnamed).collect()
    }

    /// The first line whose product is not known although it must be, and what the line calls it.
    pub(super) fn unknown_product(&self) -> Option<(usize, Sku)> {
        let mut lines = self.lines.iter().map(|line| &line.item).enumerate();
        let is_unknown = |line: &ImportedLine| line.kind == LineKind::Product && line.product_id.is_none();
        lines.find_map(|(index, line)| is_unknown(line).then(|| (index, line.sku.clone())))
    }
}

impl Line {
    /// `None` when something is wrong, which is noted: everything that is, so that a row is sent again once.
    fn read(fields: &mut Fields, path: &str, line: &ImportOrderLine, products: &Products) -> Option<Self> {
        let kind = match v1::LineKind::try_from(line.kind) {
            Ok(v1::LineKind::Product) => Some(LineKind::Product),
            Ok(v1::LineKind::Fee) => Some(LineKind::Fee),
            Ok(v1::LineKind::Adjustment) => Some(LineKind::Adjustment),
            Ok(v1::LineKind::Unspecified) | Err(_) => {
                fields.add(
                    format!("{path}.kind"),
                    "unknown",
                    "a line is product, fee or adjustment",
                );
                None
            }
        };
        let sku = fields.check(format!("{path}.sku"), Sku::new(&line.sku));
        let known = match kind {
            Some(LineKind::Fee) => None,
            Some(LineKind::Product | LineKind::Adjustment) | None => products.get(&line.sku),
        };
        let named = !line.name.trim().is_empty();
        let name = match known {
            _ if named => fields.check(format!("{path}.name"), ProductName::new(line.name.trim())),
            Some(known) => Some(known.name.clone()),
            // A wrong SKU is reported once, and not as a wrong name too.
            None if sku.is_none() => None,
            None => fields.check(format!("{path}.name"), ProductName::new(&line.sku)),
        };
        let credits = fields.optional(
            format!("{path}.credits_external_id"),
            &line.credits_external_id,
            ExternalId::new,
        );
        let discounts = line.discounts.iter().enumerate();
        let discounts = discounts
            .filter_map(|(place, discount)| read_discount(fields, &format!("{path}.discounts[{place}]"), discount))
            .collect();
        Some(Self {
            item: ImportedLine {
                kind: kind?,
                product_id: known.map(|known| known.product_id),
                sku: sku?,
                name: name?,
                category: known.map(|known| known.category.clone()).unwrap_or_default(),
                quantity: line.quantity,
                unit_price: line.unit_price,
                total: line.total,
                discount: line.discount,
                discounts,
                tax: line.tax,
            },
            named,
            credits,
        })
    }
}

fn read_discount(fields: &mut Fields, path: &str, discount: &v1::Discount) -> Option<Discount> {
    let kind = match discount.kind() {
        v1::DiscountKind::Line => Some(DiscountKind::Line),
        v1::DiscountKind::Order => Some(DiscountKind::Order),
        v1::DiscountKind::Loyalty => Some(DiscountKind::Loyalty),
        v1::DiscountKind::Coupon => Some(DiscountKind::Coupon),
        v1::DiscountKind::Unspecified => {
            fields.add(
                format!("{path}.kind"),
                "unknown",
                "a discount is line, order, loyalty or coupon",
            );
            None
        }
    };
    Some(Discount {
        amount: discount.amount,
        code: fields.optional(format!("{path}.code"), &discount.code, DiscountCode::new),
        campaign: fields.optional(format!("{path}.campaign"), &discount.campaign, Campaign::new),
        kind: kind?,
    })
}
