//! A row of history, checked.

use chrono::{DateTime, Utc};
use domain::{
    CategoryPath, Country, Currency, CustomerReference, ExternalId, ProductId, ProductName, Sku, Source, UserId,
    order::{Campaign, Discount, DiscountCode, DiscountKind, LineKind, MAX_IMPORTED_LINES},
};
use proto::{
    failure::Failure,
    v1::{self, ImportOrderLine, ImportOrderRow},
};

use super::{catalogue::Products, needs_product};
use crate::fields::Fields;

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
    pub(super) kind: LineKind,
    pub(super) product_id: Option<ProductId>,
    pub(super) sku: Sku,
    pub(super) name: ProductName,
    /// Whether the row itself says the name.
    pub(super) named: bool,
    pub(super) category: CategoryPath,
    pub(super) quantity: i64,
    pub(super) unit_price: i64,
    pub(super) total: i64,
    pub(super) discount: i64,
    pub(super) discounts: Vec<Discount>,
    pub(super) tax: i64,
    /// The order that a credit's line undoes.
    pub(super) credits: Option<ExternalId>,
}

impl Row {
    pub(super) fn read(row: &ImportOrderRow, source: &Source, products: &Products) -> Result<Self, Failure> {
        let mut fields = Fields::default();
        let external_id = fields.check("external_id", ExternalId::new(&row.external_id));
        let customer_reference = given(&row.customer_reference)
            .and_then(|text| fields.check("customer_reference", CustomerReference::new(text)));
        let country = given(&row.country).and_then(|text| fields.check("country", Country::new(text)));
        let currency = fields.check("currency", Currency::new(&row.currency));
        let occurred_at =
            DateTime::from_timestamp_micros(row.occurred_at_micros).filter(|_| row.occurred_at_micros != 0);
        let occurred_at = fields.require("occurred_at", occurred_at, "when it happened");
        if row.lines.is_empty() {
            fields.add("lines", "required", "at least one line is required");
        }
        if row.lines.len() > MAX_IMPORTED_LINES {
            fields.add("lines", "too_many", format!("at most {MAX_IMPORTED_LINES} lines"));
            return Err(fields.into_failure());
        }
        let lines: Vec<Line> = row
            .lines
            .iter()
            .enumerate()
            .filter_map(|(index, line)| Line::read(&mut fields, index, line, products))
            .collect();
        fields.into_result()?;
        let (Some(external_id), Some(currency), Some(occurred_at)) = (external_id, currency, occurred_at) else {
            return Err(Fields::default().into_failure());
        };
        Ok(Self {
            source: source.clone(),
            external_id,
            customer_id: customer_reference
                .as_ref()
                .map(|reference| UserId::imported(source.as_str(), reference.as_str())),
            customer_reference,
            country,
            currency,
            lines,
            occurred_at,
        })
    }

    /// The lines whose name is not the row's own, ascending.
    pub(super) fn unnamed_lines(&self) -> Vec<usize> {
        let unnamed = |(index, line): (usize, &Line)| (!line.named).then_some(index);
        self.lines.iter().enumerate().filter_map(unnamed).collect()
    }

    /// The first line whose product is not known although it must be.
    pub(super) fn unknown_product(&self) -> Option<usize> {
        self.lines
            .iter()
            .position(|line| needs_product(line.kind) && line.product_id.is_none())
    }
}

impl Line {
    fn read(fields: &mut Fields, index: usize, line: &ImportOrderLine, products: &Products) -> Option<Self> {
        let kind = match v1::LineKind::try_from(line.kind) {
            Ok(v1::LineKind::Product) => LineKind::Product,
            Ok(v1::LineKind::Fee) => LineKind::Fee,
            Ok(v1::LineKind::Adjustment) => LineKind::Adjustment,
            Ok(v1::LineKind::Unspecified) | Err(_) => {
                let field = format!("lines[{index}].kind");
                fields.add(field, "unknown", "a line is product, fee or adjustment");
                return None;
            }
        };
        let sku = match Sku::new(&line.sku) {
            Ok(sku) => sku,
            Err(error) => return fields.check(format!("lines[{index}].sku"), Err(error)),
        };
        let known = match kind {
            LineKind::Fee => None,
            LineKind::Product | LineKind::Adjustment => products.get(&line.sku),
        };
        let name = match (line.name.trim(), known) {
            ("", Some(known)) => known.name.clone(),
            ("", None) => fields.check(format!("lines[{index}].name"), ProductName::new(&line.sku))?,
            (name, _) => fields.check(format!("lines[{index}].name"), ProductName::new(name))?,
        };
        let credits = match given(&line.credits_external_id) {
            Some(id) => Some(fields.check(format!("lines[{index}].credits_external_id"), ExternalId::new(id))?),
            None => None,
        };
        let mut discounts = Vec::with_capacity(line.discounts.len());
        for (place, discount) in line.discounts.iter().enumerate() {
            let field = format!("lines[{index}].discounts[{place}]");
            discounts.push(read_discount(fields, &field, discount)?);
        }
        Some(Self {
            kind,
            product_id: known.map(|known| known.product_id),
            sku,
            name,
            category: known.map(|known| known.category.clone()).unwrap_or_default(),
            named: !line.name.trim().is_empty(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            total: line.total,
            discount: line.discount,
            discounts,
            tax: line.tax,
            credits,
        })
    }
}

fn read_discount(fields: &mut Fields, field: &str, discount: &v1::Discount) -> Option<Discount> {
    let kind = match discount.kind() {
        v1::DiscountKind::Line => DiscountKind::Line,
        v1::DiscountKind::Order => DiscountKind::Order,
        v1::DiscountKind::Loyalty => DiscountKind::Loyalty,
        v1::DiscountKind::Coupon => DiscountKind::Coupon,
        v1::DiscountKind::Unspecified => {
            fields.add(
                format!("{field}.kind"),
                "unknown",
                "a discount is line, order, loyalty or coupon",
            );
            return None;
        }
    };
    let code = match given(&discount.code) {
        Some(code) => Some(fields.check(format!("{field}.code"), DiscountCode::new(code))?),
        None => None,
    };
    let campaign = match given(&discount.campaign) {
        Some(campaign) => Some(fields.check(format!("{field}.campaign"), Campaign::new(campaign))?),
        None => None,
    };
    Some(Discount {
        amount: discount.amount,
        kind,
        code,
        campaign,
    })
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
