//! Which rows a span of time is a sum of.
//!
//! Sums are kept by the month (some by the year) and by something finer, and below them are the entries themselves. Sums can be taken away as well as
//! added, so a local month is a month of UTC, plus the hours before it, less the hours at its end. What is read stays small however long
//! the span is, and is exact to the microsecond whatever the offset of the zone.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::calendar::Span;

/// Where rows are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Entries,
    /// Sums by the quarter of an hour.
    Quarters,
    /// Sums by the day.
    Days,
    Months,
    Years,
}

impl Source {
    /// About how many rows a day takes, in no particular unit.
    fn weight(self) -> i64 {
        match self {
            Self::Entries => 36_000,
            Self::Quarters => 1_080,
            Self::Days => 720,
            Self::Months => 12,
            Self::Years => 1,
        }
    }

    /// The nearest border of its rows.
    fn border(self, time: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Entries => time,
            Self::Quarters => nearest(time, 900),
            Self::Days => nearest(time, 86_400),
            Self::Months => {
                let day = time.date_naive();
                let first = day - Days::new(day.day0().into());
                nearer(time, first, first + Months::new(1))
            }
            Self::Years => {
                let day = time.date_naive();
                let first = day - Days::new(day.ordinal0().into());
                nearer(time, first, first + Months::new(12))
            }
        }
    }
}

/// The start of one of two days.
fn nearer(time: DateTime<Utc>, first: NaiveDate, next: NaiveDate) -> DateTime<Utc> {
    let [first, next] = [first, next].map(|day| day.and_time(NaiveTime::MIN).and_utc());
    if time - first <= next - time { first } else { next }
}

fn nearest(time: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
    let rest = time.timestamp().rem_euclid(seconds);
    let below = time - TimeDelta::seconds(rest) - TimeDelta::nanoseconds(time.timestamp_subsec_nanos().into());
    if time - below <= TimeDelta::seconds(seconds) / 2 {
        below
    } else {
        below + TimeDelta::seconds(seconds)
    }
}

/// A run of rows that counts for a period, or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) source: Source,
    pub(super) period: i32,
    /// 1 or -1.
    pub(super) sign: i64,
    pub(super) span: Span,
}

/// The segments that add up to a span. `sources` are the finest first.
pub(super) fn segments(period: i32, span: Span, sources: &[Source]) -> Vec<Segment> {
    let mut segments = Vec::new();
    cut(period, 1, span, sources, &mut segments);
    segments
}

fn cut(period: i32, sign: i64, span: Span, sources: &[Source], segments: &mut Vec<Segment>) {
    let Span { start, end } = span;
    if start == end {
        return;
    }
    if start > end {
        return cut(period, -sign, Span { start: end, end: start }, sources, segments);
    }
    let Some((&source, finer)) = sources.split_last() else {
        return;
    };
    let (first, last) = (source.border(start), source.border(end));
    if !finer.is_empty() {
        let mut with = Vec::new();
        let mut without = Vec::new();
        cut(period, sign, span, finer, &mut without);
        if first < last {
            cut(period, sign, Span { start, end: first }, finer, &mut with);
            cut(period, sign, Span { start: last, end }, finer, &mut with);
            let span = Span {
                start: first,
                end: last,
            };
            with.push(Segment {
                source,
                period,
                sign,
                span,
            });
        }
        let better = !with.is_empty() && cost(&with) < cost(&without);
        segments.extend(if better { with } else { without });
        return;
    }
    segments.push(Segment {
        source,
        period,
        sign,
        span,
    });
}

fn cost(segments: &[Segment]) -> i64 {
    let weighed = |segment: &Segment| {
        (segment.span.end - segment.span.start)
            .num_seconds()
            .saturating_mul(segment.source.weight())
    };
    segments.iter().map(weighed).fold(0, i64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: &str, end: &str) -> Span {
        Span {
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
        }
    }

    fn shown(segments: &[Segment]) -> Vec<String> {
        let show = |segment: &Segment| {
            let sign = if segment.sign > 0 { '+' } else { '-' };
            let (start, end) = (
                segment.span.start.format("%m-%dT%H:%M:%S"),
                segment.span.end.format("%m-%dT%H:%M:%S"),
            );
            format!("{sign}{:?} {start} {end}", segment.source)
        };
        segments.iter().map(show).collect()
    }

    #[test]
    fn a_local_month_is_a_month_and_some_hours() {
        let july = span("2024-06-30T23:00:00Z", "2024-07-31T23:00:00Z");
        assert_eq!(
            shown(&segments(1, july, &[Source::Entries, Source::Quarters, Source::Months])),
            [
                "+Quarters 06-30T23:00:00 07-01T00:00:00",
                "-Quarters 07-31T23:00:00 08-01T00:00:00",
                "+Months 07-01T00:00:00 08-01T00:00:00",
            ]
        );
        assert_eq!(
            shown(&segments(1, july, &[Source::Entries, Source::Days, Source::Months])),
            [
                "+Entries 06-30T23:00:00 07-01T00:00:00",
                "-Entries 07-31T23:00:00 08-01T00:00:00",
                "+Months 07-01T00:00:00 08-01T00:00:00",
            ]
        );
    }

    #[test]
    fn a_day_needs_no_month_and_an_odd_offset_is_exact() {
        let day = span("2024-07-09T23:00:00Z", "2024-07-10T23:00:00Z");
        assert_eq!(
            shown(&segments(1, day, &[Source::Entries, Source::Quarters, Source::Months])),
            ["+Quarters 07-09T23:00:00 07-10T23:00:00"]
        );
        let odd = span("1880-07-09T23:01:15Z", "1880-07-10T23:01:15Z");
        assert_eq!(
            shown(&segments(1, odd, &[Source::Entries, Source::Quarters, Source::Months])),
            [
                "-Entries 07-09T23:00:00 07-09T23:01:15",
                "+Entries 07-10T23:00:00 07-10T23:01:15",
                "+Quarters 07-09T23:00:00 07-10T23:00:00",
            ]
        );
    }

    #[test]
    fn whatever_is_added_and_taken_away_is_the_span() {
        let all: [&[Source]; 6] = [
            &[Source::Entries, Source::Years],
            &[Source::Entries, Source::Months, Source::Years],
            &[Source::Entries],
            &[Source::Entries, Source::Months],
            &[Source::Entries, Source::Days, Source::Months],
            &[Source::Entries, Source::Quarters, Source::Months],
        ];
        let start: DateTime<Utc> = "2023-11-17T05:38:20Z".parse().unwrap();
        for step in 1..400_i64 {
            let end = start + TimeDelta::seconds(step * step * 211);
            for sources in all {
                let segments = segments(1, Span { start, end }, sources);
                // Every moment counts once inside and not at all outside.
                let mut borders: Vec<_> = segments
                    .iter()
                    .flat_map(|segment| [segment.span.start, segment.span.end])
                    .collect();
                borders.extend([start, end]);
                borders.sort_unstable();
                for at in borders {
                    let covers = |segment: &&Segment| segment.span.start <= at && at < segment.span.end;
                    let count: i64 = segments.iter().filter(covers).map(|segment| segment.sign).sum();
                    assert_eq!(
                        count,
                        i64::from(start <= at && at < end),
                        "{at} of {end} with {sources:?}"
                    );
                }
            }
        }
    }
}
