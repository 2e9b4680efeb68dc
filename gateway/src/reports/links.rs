//! From a number to the orders behind it.

use proto::v1::{CreditsBy, SalesFilter, SalesGroup, SalesRow};

use super::params::{CREDITS_BY, GROUPS, Which, name_of};

/// What the rows of a report are.
pub(super) struct Rows<'a> {
    pub(super) base: &'a str,
    pub(super) which: &'a Which,
    pub(super) group: SalesGroup,
    /// As it was given; empty: not.
    pub(super) level: String,
}

impl Rows<'_> {
    /// The address of the orders behind a row, or behind a total when it is none. `others` are the keys that are not in a row of all
    /// others.
    pub(super) fn orders(&self, row: &SalesRow, total: bool, others: &[&str]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("from", &row.from).append_pair("to", &row.to);
        query
            .append_pair("tz", &self.which.tz)
            .append_pair("currency", &row.currency);
        if self.which.credits_by != CreditsBy::default() {
            query.append_pair("credits_by", name_of(CREDITS_BY, self.which.credits_by));
        }
        let mut filter = self.which.filter.clone();
        if !total && !row.other {
            self.narrow(&mut filter, row);
        }
        for (name, value) in [
            ("product", &filter.product),
            ("category", &filter.category),
            ("country", &filter.country),
            ("customer", &filter.customer),
            ("discount_code", &filter.discount_code),
            ("discount_campaign", &filter.discount_campaign),
            ("discount_kind", &filter.discount_kind),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        if filter.direct {
            query.append_pair("direct", "true");
        }
        if !filter.customer_type.is_empty() {
            query.append_pair("customer_type", &filter.customer_type);
        }
        if row.other && !total {
            query.append_pair("group_by", name_of(GROUPS, self.group));
            if !self.level.is_empty() {
                query.append_pair("category_level", &self.level);
            }
            for key in others {
                query.append_pair("except", key);
            }
        }
        format!("{}/v1/reports/sales/orders?{}", self.base, query.finish())
    }

    fn narrow(&self, filter: &mut SalesFilter, row: &SalesRow) {
        let key = Some(row.key.clone());
        match self.group {
            SalesGroup::Product => filter.product = key,
            SalesGroup::Country => filter.country = key,
            SalesGroup::Customer => filter.customer = key,
            SalesGroup::DiscountCode => filter.discount_code = key,
            SalesGroup::DiscountCampaign => filter.discount_campaign = key,
            SalesGroup::DiscountKind => filter.discount_kind = key,
            SalesGroup::CustomerType => filter.customer_type.clone_from(&row.key),
            SalesGroup::Category => {
                filter.category = key;
                filter.direct = row.direct;
            }
            SalesGroup::None | SalesGroup::Currency => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::orders::SalesOrdersParams;
    use super::*;

    #[test]
    fn a_row_leads_to_its_orders() {
        let which = Which {
            tz: "Europe/London".to_owned(),
            filter: SalesFilter {
                country: Some(String::new()),
                ..SalesFilter::default()
            },
            credits_by: CreditsBy::OrderDate,
            ..Which::default()
        };
        let mut rows = Rows {
            base: "",
            which: &which,
            group: SalesGroup::Category,
            level: String::new(),
        };
        let row = SalesRow {
            key: "kitchen & co/mugs".to_owned(),
            currency: "GBP".to_owned(),
            from: "2024-01-01".to_owned(),
            to: "2024-02-01".to_owned(),
            direct: true,
            ..SalesRow::default()
        };
        let start = "/v1/reports/sales/orders?from=2024-01-01&to=2024-02-01&tz=Europe%2FLondon&currency=GBP&credits_by=order_date";
        assert_eq!(
            rows.orders(&row, false, &[]),
            format!("{start}&category=kitchen+%26+co%2Fmugs&country=&direct=true")
        );
        assert_eq!(rows.orders(&row, true, &[]), format!("{start}&country="));
        rows.group = SalesGroup::Product;
        let other = SalesRow {
            other: true,
            key: String::new(),
            ..row
        };
        assert_eq!(
            rows.orders(&other, false, &["prod_1", ""]),
            format!("{start}&country=&group_by=product&except=prod_1&except=")
        );
    }

    #[test]
    fn the_orders_are_those_of_the_row_whatever_its_key_is() {
        let which = Which::default();
        let long = "🫖".repeat(400);
        for key in ["", "none", "a&b=c", &long] {
            for group in [
                SalesGroup::Category,
                SalesGroup::Country,
                SalesGroup::Customer,
                SalesGroup::DiscountCode,
                SalesGroup::DiscountCampaign,
                SalesGroup::DiscountKind,
            ] {
                let rows = Rows {
                    base: "",
                    which: &which,
                    group,
                    level: String::new(),
                };
                let row = SalesRow {
                    key: key.to_owned(),
                    currency: "GBP".to_owned(),
                    from: "2024-01-01".to_owned(),
                    to: "2024-02-01".to_owned(),
                    ..SalesRow::default()
                };
                let asked = |link: String| {
                    let params: SalesOrdersParams = crate::params::read(&link.parse().unwrap()).unwrap();
                    params.request(None)
                };
                let filter = asked(rows.orders(&row, false, &[])).filter.unwrap();
                let narrowed = [
                    filter.category,
                    filter.country,
                    filter.customer,
                    filter.discount_code,
                    filter.discount_campaign,
                    filter.discount_kind,
                ];
                assert_eq!(narrowed.into_iter().flatten().collect::<Vec<_>>(), [key], "{group:?}");
                let other = SalesRow { other: true, ..row };
                assert_eq!(asked(rows.orders(&other, false, &[key])).except, [key], "{group:?}");
            }
        }
    }
}
