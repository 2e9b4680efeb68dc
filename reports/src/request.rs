//! What a report is asked for, checked.

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use proto::v1::{CreditsBy, SalesCompare, SalesGroup, SalesInterval, SalesRequest};
use reads::error::Error;

use super::calendar::Interval;
use super::compare::Compare;
use super::filter::{Filter, depth};
use super::measure::{Measure, Sort};

/// Longest time that is cut into days or weeks.
const MAX_DAYS: i64 = 3_660;
/// Longest time at all: a century.
const MAX_LONG_DAYS: i64 = 36_600;
const MAX_TOP: u32 = 100;
const MAX_LEVEL: i32 = 8;

/// Local dates and their zone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dates {
    pub(super) zone: Tz,
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
}

/// Which rows a grouping by category has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Categories so many names deep, and those above them as far as they have goods of their own.
    Depth(i32),
    /// Every category, without those below it.
    Own,
    /// Every category, with those below it.
    Tree,
}

/// What rows are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    None,
    Currency,
    CustomerType,
    Product,
    Category(Level),
    Country,
    Customer,
    DiscountCode,
    DiscountCampaign,
    DiscountKind,
}

impl Group {
    /// Whether one order may be in several of its rows.
    pub(super) fn of_lines(self) -> bool {
        match self {
            Self::Product | Self::Category(_) | Self::DiscountCode | Self::DiscountCampaign | Self::DiscountKind => {
                true
            }
            Self::None | Self::Currency | Self::CustomerType | Self::Country | Self::Customer => false,
        }
    }
}

/// A report that can be answered.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) dates: Dates,
    pub(super) interval: Interval,
    pub(super) group: Group,
    pub(super) filter: Filter,
    pub(super) by_order_date: bool,
    pub(super) compare: Option<Compare>,
    pub(super) top: Option<u32>,
    pub(super) sort: Sort,
    pub(super) fill: bool,
}

impl Report {
    pub(super) fn new(request: &SalesRequest) -> Result<Self, Error> {
        let interval = SalesInterval::try_from(request.interval).ok().and_then(Interval::new);
        let interval = interval
            .ok_or_else(|| Error::invalid("interval", "unknown", "must be day, week, month, quarter, year or none"))?;
        let dates = Dates::new(&request.from, &request.to, &request.time_zone)?;
        let days = (dates.to - dates.from).num_days();
        if days > MAX_DAYS && !interval.of_months() {
            let message = format!("must be at most {MAX_DAYS} days after from, or ask for months, quarters or years");
            return Err(Error::invalid("to", "out_of_range", message));
        }
        let filter = Filter::new(request.filter.as_ref(), &request.currency)?;
        let group = group(request.group_by, request.category_level, &filter)?;
        let sort = Sort::new(&request.sort)?;
        let top = match request.top {
            0 => None,
            top if top > MAX_TOP => {
                return Err(Error::invalid(
                    "top",
                    "out_of_range",
                    format!("must be from 1 to {MAX_TOP}"),
                ));
            }
            top => Some(top),
        };
        if top.is_some() {
            let refused = |message| Err(Error::invalid("top", "contradiction", message));
            match group {
                Group::None | Group::Currency => return refused("needs a group_by whose rows can be ranked"),
                Group::Category(Level::Tree) => return refused("cannot rank categories that contain each other"),
                _ if sort.measure.is_none() => return refused("ranks by a measure, so sort must be one"),
                _ => {}
            }
        }
        let compare = match SalesCompare::try_from(request.compare) {
            Ok(SalesCompare::None) => None,
            Ok(SalesCompare::PreviousPeriod) => Some(Compare::PreviousPeriod),
            Ok(SalesCompare::PreviousYear) => Some(Compare::PreviousYear),
            Err(_) => {
                return Err(Error::invalid(
                    "compare",
                    "unknown",
                    "must be previous_period or previous_year",
                ));
            }
        };
        Ok(Self {
            dates,
            interval,
            group,
            filter,
            by_order_date: by_order_date(request.credits_by)?,
            compare,
            top,
            sort,
            fill: request.fill.unwrap_or(group == Group::None),
        })
    }
}

impl Dates {
    pub(super) fn new(from: &str, to: &str, zone: &str) -> Result<Self, Error> {
        let zone = match zone {
            "" => Tz::UTC,
            name => name.parse().map_err(|_| {
                let message = "must be the name of an IANA time zone, as Europe/London";
                Error::invalid("tz", "unknown", message)
            })?,
        };
        let from = date("from", from)?;
        let to = date("to", to)?;
        if from >= to {
            return Err(Error::invalid("to", "out_of_range", "must be after from"));
        }
        if (to - from).num_days() > MAX_LONG_DAYS {
            let message = format!("must be at most {MAX_LONG_DAYS} days after from");
            return Err(Error::invalid("to", "out_of_range", message));
        }
        Ok(Self { zone, from, to })
    }
}

pub(super) fn by_order_date(asked: i32) -> Result<bool, Error> {
    match CreditsBy::try_from(asked) {
        Ok(CreditsBy::Happened) => Ok(false),
        Ok(CreditsBy::OrderDate) => Ok(true),
        Err(_) => Err(Error::invalid(
            "credits_by",
            "unknown",
            "must be happened or order_date",
        )),
    }
}

/// The grouping; `level` as in the protocol.
pub(super) fn group(asked: i32, level: i32, filter: &Filter) -> Result<Group, Error> {
    let group = SalesGroup::try_from(asked).map_err(|_| {
        let message = "must be product, category, country, customer, currency, customer_type, discount_code, discount_campaign or \
                       discount_kind, or left out";
        Error::invalid("group_by", "unknown", message)
    })?;
    if level != 0 && group != SalesGroup::Category {
        return Err(Error::invalid(
            "category_level",
            "contradiction",
            "needs group_by=category",
        ));
    }
    Ok(match group {
        SalesGroup::None => Group::None,
        SalesGroup::Currency => Group::Currency,
        SalesGroup::CustomerType => Group::CustomerType,
        SalesGroup::Product => Group::Product,
        SalesGroup::Country => Group::Country,
        SalesGroup::Customer => Group::Customer,
        SalesGroup::DiscountCode => Group::DiscountCode,
        SalesGroup::DiscountCampaign => Group::DiscountCampaign,
        SalesGroup::DiscountKind => Group::DiscountKind,
        SalesGroup::Category => Group::Category(category_level(level, filter)?),
    })
}

fn category_level(level: i32, filter: &Filter) -> Result<Level, Error> {
    let above = filter.category.as_deref().map_or(0, depth);
    match level {
        -1 => Ok(Level::Own),
        -2 => Ok(Level::Tree),
        0 => Ok(Level::Depth((above + 1).min(MAX_LEVEL))),
        level if !(1..=MAX_LEVEL).contains(&level) => {
            let message = format!("must be from 1 to {MAX_LEVEL}, own or tree");
            Err(Error::invalid("category_level", "out_of_range", message))
        }
        level if level < above => {
            let message = format!("the category of the filter is {above} levels deep");
            Err(Error::invalid("category_level", "contradiction", message))
        }
        level => Ok(Level::Depth(level)),
    }
}

impl Sort {
    fn new(text: &str) -> Result<Self, Error> {
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        match name {
            "" if text.is_empty() => Ok(Self {
                measure: Some(Measure::Net),
                descending: true,
            }),
            "label" => Ok(Self {
                measure: None,
                descending,
            }),
            name => Measure::find(name)
                .map(|measure| Self {
                    measure: Some(measure),
                    descending,
                })
                .ok_or_else(|| {
                    let names = Measure::names();
                    Error::invalid(
                        "sort",
                        "unknown",
                        format!("must be label or one of {names}; a leading - reverses"),
                    )
                }),
        }
    }
}

/// A date written out in full: four digits, two, two.
fn date(field: &'static str, text: &str) -> Result<NaiveDate, Error> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let date = date
        .filter(|date| date.to_string() == text)
        .ok_or_else(|| Error::invalid(field, "malformed", "must be a date as 2024-01-31"))?;
    if !(2..=9998).contains(&date.year()) {
        return Err(Error::invalid(field, "out_of_range", "must be in the years 2 to 9998"));
    }
    Ok(date)
}
