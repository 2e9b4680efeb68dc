//! Days, weeks and months of a time zone as spans of time.
//!
//! The spans are computed here and not by PostgreSQL's `AT TIME ZONE`, so that one copy of the time zone database decides which
//! zones there are and where their days begin.

use chrono::offset::LocalResult;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use proto::v1::SalesInterval;

/// How long the spans are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interval {
    Day,
    /// From Monday.
    Week,
    Month,
    Quarter,
    Year,
    /// All in one.
    Whole,
}

impl Interval {
    pub(super) fn new(asked: SalesInterval) -> Option<Self> {
        match asked {
            SalesInterval::Unspecified => None,
            SalesInterval::Day => Some(Self::Day),
            SalesInterval::Week => Some(Self::Week),
            SalesInterval::Month => Some(Self::Month),
            SalesInterval::Quarter => Some(Self::Quarter),
            SalesInterval::Year => Some(Self::Year),
            SalesInterval::None => Some(Self::Whole),
        }
    }

    /// The first day of the interval that `day` lies in.
    fn first_day(self, day: NaiveDate) -> NaiveDate {
        let month = |day: NaiveDate| day - Days::new(day.day0().into());
        match self {
            Self::Day | Self::Whole => day,
            Self::Week => day - Days::new(day.weekday().num_days_from_monday().into()),
            Self::Month => month(day),
            Self::Quarter => month(day) - Months::new(day.month0() % 3),
            Self::Year => month(day) - Months::new(day.month0()),
        }
    }

    /// The first day of the interval after the one that begins at `first_day`; `to` ends all.
    fn next(self, first_day: NaiveDate, to: NaiveDate) -> NaiveDate {
        match self {
            Self::Day => first_day + Days::new(1),
            Self::Week => first_day + Days::new(7),
            Self::Month => first_day + Months::new(1),
            Self::Quarter => first_day + Months::new(3),
            Self::Year => first_day + Months::new(12),
            Self::Whole => to,
        }
    }

    /// Whether its borders are those of months, so that other months are what it compares with.
    pub(super) fn of_months(self) -> bool {
        !matches!(self, Self::Day | Self::Week)
    }
}

/// A span of time between two moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
}

impl Span {
    /// The days of `zone` from `from` to `to`, that one not.
    pub(super) fn of_days(zone: Tz, from: NaiveDate, to: NaiveDate) -> Self {
        Self {
            start: start_of_day(zone, from),
            end: start_of_day(zone, to),
        }
    }
}

/// The part of an interval that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Period {
    /// First day of the interval, also when only a later part of it is asked for.
    pub(super) first_day: NaiveDate,
    /// First day of the part.
    pub(super) from: NaiveDate,
    /// The day after the last one.
    pub(super) to: NaiveDate,
    pub(super) span: Span,
}

/// The periods of `zone` from the start of the day `from` to the start of the day `to`. Days that a zone skipped (the Date Line moved)
/// have no period: they belong to the one before, or to the first one, since what they are compared with was a day.
pub(super) fn periods(interval: Interval, zone: Tz, from: NaiveDate, to: NaiveDate) -> Vec<Period> {
    let mut periods: Vec<Period> = Vec::new();
    let (mut day, mut begin) = (from, from);
    let mut start = start_of_day(zone, from);
    while day < to {
        let first_day = interval.first_day(day);
        let next = interval.next(first_day, to).min(to);
        let end = start_of_day(zone, next);
        if start < end {
            periods.push(Period {
                first_day,
                from: begin,
                to: next,
                span: Span { start, end },
            });
            begin = next;
        } else if let Some(before) = periods.last_mut() {
            before.to = next;
            begin = next;
        }
        day = next;
        start = end;
    }
    periods
}

/// When `day` begins in `zone`.
fn start_of_day(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    match zone.from_local_datetime(&midnight) {
        LocalResult::Single(start) => start.to_utc(),
        // The clock shows midnight twice. The day begins at the first one, unless the clock goes back into the day before.
        LocalResult::Ambiguous(first, second) => {
            let before_second = (second - TimeDelta::seconds(1)).date_naive();
            if before_second < day {
                second.to_utc()
            } else {
                first.to_utc()
            }
        }
        LocalResult::None => first_moment(zone, day),
    }
}

/// The first second whose local date is `day` or later, where the clock skips midnight.
fn first_moment(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN).and_utc();
    let reached = |seconds| {
        let time = midnight + TimeDelta::seconds(seconds);
        time.with_timezone(&zone).date_naive() >= day
    };
    // No offset exceeds a day, no gap either.
    let (mut before, mut after) = (-2 * 86_400, 3 * 86_400);
    while after - before > 1 {
        let middle = i64::midpoint(before, after);
        if reached(middle) {
            after = middle;
        } else {
            before = middle;
        }
    }
    midnight + TimeDelta::seconds(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn start(zone: Tz, text: &str) -> String {
        start_of_day(zone, day(text)).format("%FT%TZ").to_string()
    }

    #[test]
    fn a_day_begins_where_its_clock_says() {
        assert_eq!(start(Tz::UTC, "2024-03-31"), "2024-03-31T00:00:00Z");
        assert_eq!(start(Tz::Europe__London, "2024-04-01"), "2024-03-31T23:00:00Z");
        assert_eq!(start(Tz::Asia__Kathmandu, "2024-04-01"), "2024-03-31T18:15:00Z");
    }

    #[test]
    fn a_day_without_midnight_begins_after_the_gap() {
        // 00:00 -> 01:00
        assert_eq!(start(Tz::America__Sao_Paulo, "2018-11-04"), "2018-11-04T03:00:00Z");
        // 23:30 -> 00:30 and 00:01 -> 01:01
        assert_eq!(start(Tz::America__Toronto, "1919-03-31"), "1919-03-31T04:30:00Z");
        assert_eq!(start(Tz::America__St_Johns, "2006-04-02"), "2006-04-02T03:30:00Z");
    }

    #[test]
    fn a_day_with_two_midnights_begins_at_the_first_unless_the_day_before_comes_back() {
        // 01:00 -> 00:00
        assert_eq!(start(Tz::America__Havana, "2024-11-03"), "2024-11-03T04:00:00Z");
        // 00:01 -> 23:01
        assert_eq!(start(Tz::America__St_Johns, "2006-10-29"), "2006-10-29T03:30:00Z");
        // 00:00 -> 23:00: midnight itself comes once
        assert_eq!(start(Tz::America__Sao_Paulo, "2018-02-18"), "2018-02-18T03:00:00Z");
    }

    #[test]
    fn a_skipped_day_has_no_period() {
        let days = periods(Interval::Day, Tz::Pacific__Apia, day("2011-12-29"), day("2012-01-01"));
        let dates: Vec<_> = days
            .iter()
            .map(|period| [period.first_day, period.from, period.to].map(|date| date.to_string()))
            .collect();
        assert_eq!(
            dates,
            [
                ["2011-12-29", "2011-12-29", "2011-12-31"],
                ["2011-12-31", "2011-12-31", "2012-01-01"]
            ]
        );
        let days = periods(Interval::Day, Tz::Pacific__Apia, day("2011-12-30"), day("2012-01-01"));
        assert_eq!(
            days.iter()
                .map(|period| (period.first_day, period.from))
                .collect::<Vec<_>>(),
            [(day("2011-12-31"), day("2011-12-30"))]
        );
    }

    #[test]
    fn weeks_begin_on_monday_and_are_named_by_it() {
        let weeks = periods(Interval::Week, Tz::UTC, day("2024-12-25"), day("2025-01-10"));
        let end = weeks.last().unwrap().span.end;
        let weeks: Vec<_> = weeks
            .iter()
            .map(|week| (week.first_day.to_string(), week.span.start.format("%F").to_string()))
            .collect();
        let expected = [
            ("2024-12-23", "2024-12-25"),
            ("2024-12-30", "2024-12-30"),
            ("2025-01-06", "2025-01-06"),
        ];
        assert_eq!(weeks, expected.map(|(name, start)| (name.to_owned(), start.to_owned())));
        assert_eq!(end.to_string(), "2025-01-10 00:00:00 UTC");
    }

    #[test]
    fn days_of_a_change_of_the_clock_are_an_hour_shorter_or_longer() {
        let hours = |text: &str| {
            let next = day(text) + Days::new(1);
            let span = Span::of_days(Tz::Europe__London, day(text), next);
            (span.end - span.start).num_hours()
        };
        assert_eq!(
            [hours("2024-03-30"), hours("2024-03-31"), hours("2024-10-27")],
            [24, 23, 25]
        );
    }

    #[test]
    fn quarters_and_years_begin_where_they_do_and_the_whole_is_one() {
        let firsts = |interval| {
            let periods = periods(interval, Tz::UTC, day("2023-11-20"), day("2024-05-02"));
            periods
                .iter()
                .map(|period| period.first_day.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(firsts(Interval::Quarter), ["2023-10-01", "2024-01-01", "2024-04-01"]);
        assert_eq!(firsts(Interval::Year), ["2023-01-01", "2024-01-01"]);
        assert_eq!(firsts(Interval::Whole), ["2023-11-20"]);
    }

    #[test]
    fn periods_follow_each_other_in_every_zone() {
        for zone in chrono_tz::TZ_VARIANTS {
            let days = periods(Interval::Day, zone, day("2006-01-01"), day("2013-01-01"));
            assert!(
                days.windows(2).all(|pair| pair[0].span.end == pair[1].span.start),
                "{zone}"
            );
            assert!(days.iter().all(|period| period.span.start < period.span.end), "{zone}");
            let months = periods(Interval::Month, zone, day("2006-01-01"), day("2013-01-01"));
            assert_eq!(months.len(), 84, "{zone}");
            assert_eq!(months[83].span.end, days[days.len() - 1].span.end, "{zone}");
        }
    }
}
