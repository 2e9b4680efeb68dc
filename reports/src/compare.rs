//! What a period is compared with.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::calendar::{Interval, Period};

/// The time before, or the same time a year ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    PreviousPeriod,
    PreviousYear,
}

/// Local dates, the second one not included.
pub(super) type Dates = (NaiveDate, NaiveDate);

/// How far back.
#[derive(Clone, Copy)]
enum Back {
    Days(u64),
    Months(u32),
}

impl Compare {
    fn back(self, interval: Interval, (from, to): Dates) -> Back {
        match self {
            // Weeks compare with weeks: 52 of them are the nearest to a year.
            Self::PreviousYear if interval == Interval::Week => Back::Days(364),
            Self::PreviousYear => Back::Months(12),
            Self::PreviousPeriod if interval.of_months() && from.day() == 1 && to.day() == 1 => {
                let months = |day: NaiveDate| day.year() * 12 + day.month0().cast_signed();
                Back::Months((months(to) - months(from)).unsigned_abs())
            }
            Self::PreviousPeriod => Back::Days((to - from).num_days().unsigned_abs()),
        }
    }

    /// What the whole is compared with.
    pub(super) fn whole(self, interval: Interval, whole: Dates) -> Dates {
        self.back(interval, whole).dates(whole)
    }

    /// What a part of the whole is compared with. `None`: the 29th of February a year ago. One of a year ago belongs to the day before it,
    /// so that the parts add up.
    pub(super) fn part(self, interval: Interval, whole: Dates, period: &Period) -> Option<Dates> {
        let back = self.back(interval, whole);
        let dates = back.dates((period.from, period.to));
        let lost = interval == Interval::Day && matches!(back, Back::Months(_)) && dates.0.day() != period.from.day();
        (!lost).then_some(dates)
    }
}

impl Back {
    fn dates(self, (from, to): Dates) -> Dates {
        (self.first(from), self.end(to))
    }

    fn first(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Days(days) => day - Days::new(days),
            Self::Months(months) => day - Months::new(months),
        }
    }

    /// Of the day after the last one. A month ends where the next one begins, however long it is; otherwise it is the last day that has
    /// its counterpart.
    fn end(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Months(_) if day.day() != 1 => self.first(day - Days::new(1)) + Days::new(1),
            _ => self.first(day),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::super::calendar::periods;
    use super::*;

    fn dates(from: &str, to: &str) -> Dates {
        (from.parse().unwrap(), to.parse().unwrap())
    }

    fn whole(compare: Compare, interval: Interval, from: &str, to: &str) -> (String, String) {
        let (from, to) = compare.whole(interval, dates(from, to));
        (from.to_string(), to.to_string())
    }

    fn pair(from: &str, to: &str) -> (String, String) {
        (from.to_owned(), to.to_owned())
    }

    #[test]
    fn whole_months_compare_with_whole_months() {
        use Compare::{PreviousPeriod, PreviousYear};
        use Interval::{Day, Month, Week, Whole};
        for (compare, interval, of, is) in [
            (
                PreviousPeriod,
                Month,
                ("2024-03-01", "2024-04-01"),
                ("2024-02-01", "2024-03-01"),
            ),
            (
                PreviousPeriod,
                Whole,
                ("2024-01-01", "2025-01-01"),
                ("2023-01-01", "2024-01-01"),
            ),
            (
                PreviousPeriod,
                Day,
                ("2024-03-01", "2024-04-01"),
                ("2024-01-30", "2024-03-01"),
            ),
            (
                PreviousPeriod,
                Month,
                ("2024-03-05", "2024-03-12"),
                ("2024-02-27", "2024-03-05"),
            ),
            (
                PreviousYear,
                Month,
                ("2024-02-01", "2024-03-01"),
                ("2023-02-01", "2023-03-01"),
            ),
            (
                PreviousYear,
                Month,
                ("2025-02-01", "2025-03-01"),
                ("2024-02-01", "2024-03-01"),
            ),
            (
                PreviousYear,
                Whole,
                ("2024-02-10", "2024-02-29"),
                ("2023-02-10", "2023-03-01"),
            ),
            (
                PreviousYear,
                Day,
                ("2024-02-29", "2024-03-10"),
                ("2023-02-28", "2023-03-10"),
            ),
            (
                PreviousYear,
                Week,
                ("2021-01-04", "2021-01-11"),
                ("2020-01-06", "2020-01-13"),
            ),
        ] {
            assert_eq!(
                whole(compare, interval, of.0, of.1),
                pair(is.0, is.1),
                "{compare:?} {interval:?} {of:?}"
            );
        }
    }

    #[test]
    fn the_leap_day_has_no_counterpart_and_parts_add_up() {
        let (from, to) = dates("2024-02-27", "2024-03-02");
        let days: Vec<_> = periods(Interval::Day, Tz::UTC, from, to)
            .iter()
            .map(|day| {
                Compare::PreviousYear
                    .part(Interval::Day, (from, to), day)
                    .map(|dates| dates.0.to_string())
            })
            .collect();
        let expected = [Some("2023-02-27"), Some("2023-02-28"), None, Some("2023-03-01")];
        assert_eq!(days, expected.map(|day| day.map(ToOwned::to_owned)));

        let (from, to) = dates("2013-02-01", "2013-03-02");
        let (mut at, end) = Compare::PreviousYear.whole(Interval::Day, (from, to));
        for day in periods(Interval::Day, Tz::UTC, from, to) {
            let (first, next) = Compare::PreviousYear.part(Interval::Day, (from, to), &day).unwrap();
            assert_eq!(first, at, "nothing between two days");
            at = next;
        }
        assert_eq!(at, end);

        let (from, to) = dates("2024-01-15", "2025-02-10");
        for compare in [Compare::PreviousPeriod, Compare::PreviousYear] {
            let (start, end) = compare.whole(Interval::Month, (from, to));
            let mut at = start;
            for month in periods(Interval::Month, Tz::UTC, from, to) {
                let (first, next) = compare.part(Interval::Month, (from, to), &month).unwrap();
                assert_eq!(first, at, "{compare:?}");
                at = next;
            }
            assert_eq!(at, end, "{compare:?}");
        }
    }
}
