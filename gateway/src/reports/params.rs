//! Parameters that reports and the orders behind them share.

use proto::v1::{CreditsBy, SalesFilter, SalesGroup};

use crate::{params::Values, times};

pub(super) const CUSTOMER_TYPES: &[(&str, &str)] = &[("new", "new"), ("returning", "returning"), ("guest", "guest")];
pub(super) const CREDITS_BY: &[(&str, CreditsBy)] =
    &[("happened", CreditsBy::Happened), ("order_date", CreditsBy::OrderDate)];
pub(super) const GROUPS: &[(&str, SalesGroup)] = &[
    ("none", SalesGroup::None),
    ("product", SalesGroup::Product),
    ("category", SalesGroup::Category),
    ("country", SalesGroup::Country),
    ("customer", SalesGroup::Customer),
    ("currency", SalesGroup::Currency),
    ("customer_type", SalesGroup::CustomerType),
    ("discount_code", SalesGroup::DiscountCode),
    ("discount_campaign", SalesGroup::DiscountCampaign),
    ("discount_kind", SalesGroup::DiscountKind),
];
/// The measures that are sums over orders.
pub(super) const MEASURES: &[&str] = &[
    "orders",
    "units",
    "gross",
    "discounts",
    "credits",
    "credited_units",
    "net_units",
    "net",
    "tax",
    "total",
    "new_customers",
];

/// Which sales.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Which {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) tz: String,
    pub(super) currency: String,
    pub(super) filter: SalesFilter,
    pub(super) credits_by: CreditsBy,
}

impl Which {
    pub(super) fn read(values: &mut Values) -> Self {
        let (from, to) = (values.required_date("from"), values.required_date("to"));
        if let (Some(start), Some(end)) = (times::date(&from), times::date(&to))
            && start >= end
        {
            values.wrong("to", "out_of_range", "to lies not after from");
        }
        let filter = SalesFilter {
            product: values.text("product"),
            category: values.key("category"),
            direct: values.boolean("direct").unwrap_or_default(),
            country: values.key("country"),
            customer: values.key("customer"),
            discount_code: values.key("discount_code"),
            discount_campaign: values.key("discount_campaign"),
            discount_kind: values.key("discount_kind"),
            customer_type: values
                .one_of("customer_type", CUSTOMER_TYPES)
                .unwrap_or_default()
                .to_owned(),
        };
        Self {
            from,
            to,
            tz: values.text("tz").unwrap_or_else(|| "UTC".to_owned()),
            currency: values.currency("currency").unwrap_or_default(),
            filter,
            credits_by: values.one_of("credits_by", CREDITS_BY).unwrap_or_default(),
        }
    }
}

/// `own`, `tree` or a number, as the protocol has it; 0: not said.
pub(super) fn category_level(values: &mut Values) -> i32 {
    match values.text("category_level").as_deref() {
        None => 0,
        Some("own") => -1,
        Some("tree") => -2,
        Some(text) => {
            let level = text.parse::<i32>().ok().filter(|level| (1..=8).contains(level));
            if level.is_none() {
                values.wrong(
                    "category_level",
                    "out_of_range",
                    "a number from 1 to 8, own or tree is expected",
                );
            }
            level.unwrap_or_default()
        }
    }
}

pub(super) fn name_of<T: Copy + PartialEq>(table: &[(&'static str, T)], value: T) -> &'static str {
    table
        .iter()
        .find(|(_, entry)| *entry == value)
        .map_or("", |(name, _)| name)
}
