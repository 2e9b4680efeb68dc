//! What a report says in words.

use chrono::{Datelike, Days, NaiveDate};

use super::calendar::Interval;
use super::filter::Filter;
use super::request::{Dates, Group, Report};

pub(super) fn day(date: NaiveDate) -> String {
    date.format("%-d %B %Y").to_string()
}

/// From the first to the last day.
pub(super) fn days(from: NaiveDate, to: NaiveDate) -> String {
    let last = to - Days::new(1);
    if last == from {
        return day(from);
    }
    format!("{} – {}", day(from), day(last))
}

pub(super) fn period(dates: Dates) -> String {
    format!("{} ({})", days(dates.from, dates.to), dates.zone.name())
}

/// What an interval is called that begins on this day.
pub(super) fn interval(interval: Interval, first_day: &str) -> String {
    let Ok(date) = first_day.parse::<NaiveDate>() else {
        return first_day.to_owned();
    };
    match interval {
        Interval::Day | Interval::Whole => date.format("%a %-d %b %Y").to_string(),
        Interval::Week => format!("{} W{:02}", date.iso_week().year(), date.iso_week().week()),
        Interval::Month => date.format("%B %Y").to_string(),
        Interval::Quarter => format!("Q{} {}", date.month0() / 3 + 1, date.year()),
        Interval::Year => date.year().to_string(),
    }
}

/// The same on the axis of a chart, with the year where there are several.
pub(super) fn tick(interval: Interval, first_day: &str, years: bool) -> String {
    let Ok(date) = first_day.parse::<NaiveDate>() else {
        return first_day.to_owned();
    };
    match interval {
        Interval::Day | Interval::Whole if years => date.format("%-d %b %y").to_string(),
        Interval::Day | Interval::Whole => date.format("%-d %b").to_string(),
        Interval::Week if years => format!("W{:02} {:02}", date.iso_week().week(), date.iso_week().year() % 100),
        Interval::Week => format!("W{:02}", date.iso_week().week()),
        Interval::Month => date.format("%b %y").to_string(),
        Interval::Quarter => format!("Q{} {}", date.month0() / 3 + 1, date.format("%y")),
        Interval::Year => date.year().to_string(),
    }
}

pub(super) fn title(report: &Report) -> String {
    let group = match report.group {
        Group::None => None,
        Group::Currency => Some("currency"),
        Group::CustomerType => Some("new and returning customers"),
        Group::Product => Some("product"),
        Group::Category(_) => Some("category"),
        Group::Country => Some("country"),
        Group::Customer => Some("customer"),
        Group::DiscountCode => Some("discount code"),
        Group::DiscountCampaign => Some("campaign"),
        Group::DiscountKind => Some("kind of discount"),
    };
    let interval = match report.interval {
        Interval::Day => Some("day"),
        Interval::Week => Some("week"),
        Interval::Month => Some("month"),
        Interval::Quarter => Some("quarter"),
        Interval::Year => Some("year"),
        Interval::Whole => None,
    };
    match (group, interval) {
        (None, None) => "Sales".to_owned(),
        (Some(one), None) | (None, Some(one)) => format!("Sales by {one}"),
        (Some(group), Some(interval)) => format!("Sales by {group} and {interval}"),
    }
}

pub(super) fn convention(by_order_date: bool) -> &'static str {
    if by_order_date {
        "Net sales are gross sales less discounts and returns, before tax. Returns and cancellations count on the day of the order that they undo."
    } else {
        "Net sales are gross sales less discounts and returns, before tax. Returns and cancellations count on the day that they happened."
    }
}

/// What the rows are narrowed down to; `None`: nothing.
pub(super) fn filter(filter: &Filter) -> Option<String> {
    let mut parts = Vec::new();
    for (name, value) in [
        ("product", &filter.product),
        ("category", &filter.category),
        ("country", &filter.country),
        ("customer", &filter.customer),
        ("discount code", &filter.discount_code),
        ("campaign", &filter.discount_campaign),
        ("kind of discount", &filter.discount_kind),
    ] {
        match value.as_deref() {
            None => {}
            Some("") => parts.push(format!("{name} unknown")),
            Some(value) if name == "category" && filter.direct => {
                parts.push(format!("category {value} without those below it"));
            }
            Some(value) => parts.push(format!("{name} {value}")),
        }
    }
    for (name, value) in [("customers", &filter.customer_type), ("currency", &filter.currency)] {
        if !value.is_empty() {
            parts.push(format!("{name} {value}"));
        }
    }
    (!parts.is_empty()).then(|| format!("Only {}.", parts.join(", ")))
}

/// What the rows of a grouping are.
pub(super) fn member(group: Group) -> &'static str {
    match group {
        Group::None => "",
        Group::Currency => "Currency",
        Group::CustomerType => "Customers",
        Group::Product => "SKU",
        Group::Category(_) => "Category",
        Group::Country => "Country",
        Group::Customer => "Customer",
        Group::DiscountCode => "Discount code",
        Group::DiscountCampaign => "Campaign",
        Group::DiscountKind => "Discount",
    }
}

/// What people call a row that has no name of its own.
pub(super) fn label(group: Group, key: &str, label: &str, other: bool, direct: bool) -> String {
    match group {
        _ if other => "All others".to_owned(),
        Group::Country if key.is_empty() => "Unknown".to_owned(),
        Group::Customer if key.is_empty() => "Guests".to_owned(),
        Group::Category(_) if key.is_empty() => "Uncategorised".to_owned(),
        Group::DiscountCode | Group::DiscountCampaign | Group::DiscountKind if key.is_empty() => "None".to_owned(),
        Group::Category(_) if direct => format!("{label} (itself)"),
        Group::CustomerType => match key {
            "new" => "New customers".to_owned(),
            "returning" => "Returning customers".to_owned(),
            _ => "Guests".to_owned(),
        },
        _ => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_called_as_people_call_them() {
        assert_eq!(interval(Interval::Month, "2011-01-01"), "January 2011");
        assert_eq!(interval(Interval::Week, "2021-01-04"), "2021 W01");
        assert_eq!(interval(Interval::Quarter, "2011-10-01"), "Q4 2011");
        assert_eq!(tick(Interval::Day, "2011-01-01", false), "1 Jan");
        assert_eq!(tick(Interval::Day, "2011-01-01", true), "1 Jan 11");
        assert_eq!(tick(Interval::Week, "2021-01-04", true), "W01 21");
        let date = |text: &str| text.parse().unwrap();
        assert_eq!(
            days(date("2011-01-01"), date("2012-01-01")),
            "1 January 2011 – 31 December 2011"
        );
        assert_eq!(days(date("2011-01-01"), date("2011-01-02")), "1 January 2011");
    }
}
