//! Sales by the intervals of any time zone, in all or by what they are grouped by.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use proto::v1::{SalesReply, SalesRequest, SalesRow};
use sqlx::{Postgres, QueryBuilder};

use super::calendar::{Period, Span, periods};
use super::request::{Group, Level, Report, depth};
use super::sales_row::{SumsRow, zeros};
use super::sums::{TOTALS, Wanted, customer_label, totals_of};
use crate::Query;
use crate::error::Error;

const MAX_ROWS: usize = 100_000;

pub(super) async fn sales(query: &Query, request: &SalesRequest) -> Result<SalesReply, Error> {
    let report = Asked::new(Report::new(request)?)?;
    let freshness = query.fresh(request.context.as_ref(), &["sales"]).await?;
    let (totals, found): (Vec<_>, Vec<_>) = report.read(query).await?.into_iter().partition(|sums| sums.total);
    if found.len() > MAX_ROWS {
        return Err(too_large());
    }
    let totals = report.totals(totals);
    let rows = report.rows(found, &totals)?;
    let previous = report.whole_previous.as_ref();
    Ok(SalesReply {
        rows,
        totals,
        freshness: Some(freshness),
        previous_from: previous.map(|previous| previous.from.to_string()).unwrap_or_default(),
        previous_to: previous.map(|previous| previous.to.to_string()).unwrap_or_default(),
    })
}

/// A report with its spans of time.
struct Asked {
    report: Report,
    periods: Vec<Period>,
    /// What each period is compared with; empty: nothing is.
    previous: Vec<Option<Period>>,
    whole_previous: Option<Period>,
}

/// Period, currency, whether it is all others, key.
type Place = (usize, String, bool, String);

impl Asked {
    fn new(report: Report) -> Result<Self, Error> {
        let dates = report.dates;
        let whole = (dates.from, dates.to);
        let periods = periods(report.interval, dates.zone, dates.from, dates.to);
        if periods.len() > MAX_ROWS {
            return Err(too_large());
        }
        let period = |(from, to)| Period {
            first_day: from,
            from,
            to,
            span: Span::of_days(dates.zone, from, to),
        };
        let (mut previous, mut whole_previous) = (Vec::new(), None);
        if let Some(compare) = report.compare {
            let part = |of| compare.part(report.interval, whole, of).map(period);
            previous = periods.iter().map(part).collect();
            whole_previous = Some(period(compare.whole(report.interval, whole)));
        }
        Ok(Self {
            report,
            periods,
            previous,
            whole_previous,
        })
    }

    /// The sums of every period and the totals, in one statement so that they are of one moment. Periods count from 1, those that they
    /// are compared with go on behind them.
    async fn read(&self, query: &Query) -> Result<Vec<SumsRow>, Error> {
        let report = &self.report;
        let all = self
            .periods
            .iter()
            .map(Some)
            .chain(self.previous.iter().map(Option::as_ref));
        let spans = (1..)
            .zip(all)
            .filter_map(|(number, period)| Some((number, period?.span)));
        let whole = Span::of_days(report.dates.zone, report.dates.from, report.dates.to);
        let wholes = [Some(whole), self.whole_previous.as_ref().map(|previous| previous.span)];
        let whole_spans = (1..).zip(wholes).filter_map(|(number, span)| Some((number, span?)));
        let wanted = |group, spans| Wanted {
            group,
            filter: &report.filter,
            by_order_date: report.by_order_date,
            spans,
        };
        let mut sql = QueryBuilder::new("WITH ");
        push_cells(&mut sql, "cells", &wanted(report.group, spans.collect()));
        sql.push(", ");
        push_cells(&mut sql, "whole", &wanted(Group::None, whole_spans.collect()));
        let mut from = "cells";
        if let Some(top) = report.top {
            self.push_top(&mut sql, top);
            from = "best";
        }
        let columns = TOTALS.map(|name| format!("s.{name}")).join(", ");
        let (label, name) = self.labels();
        sql.push(format_args!(
            " (SELECT FALSE AS total, s.period, s.currency, s.key, s.other, \
             CASE WHEN s.other THEN '' ELSE coalesce({label}, s.key) END AS label, {name} AS name, {columns} FROM {from} s LIMIT ",
        ));
        sql.push_bind(i64::try_from(MAX_ROWS).unwrap_or(i64::MAX).saturating_add(1));
        sql.push(format_args!(
            ") UNION ALL SELECT TRUE, s.period, s.currency, '', FALSE, '', '', {columns} FROM whole s"
        ));
        // Planned for these very spans: a plan for any would not know how few they are.
        let rows = sql.build().persistent(false).fetch_all(query.pool()).await?;
        rows.iter().map(SumsRow::read).collect()
    }

    /// Ranks the groups over the whole time and puts those behind the first ones together.
    fn push_top(&self, sql: &mut QueryBuilder<'_, Postgres>, top: u32) {
        let sort = self.report.sort;
        let measure = sort.measure.map_or("orders", super::measure::Measure::sql);
        let way = if sort.descending { "DESC" } else { "ASC" };
        let sums = TOTALS.map(|name| format!("sum(c.{name})::bigint AS {name}")).join(", ");
        sql.push(format_args!(
            ", ranked AS (SELECT currency, key, row_number() OVER (PARTITION BY currency ORDER BY sum({measure}) {way}, key) AS place \
             FROM cells WHERE period <= "
        ));
        sql.push_bind(i32::try_from(self.periods.len()).unwrap_or(i32::MAX));
        // Guests are no customer, and no discount is none: they have a row of their own beside the ranked ones.
        let (ranked, kept) = match self.report.group {
            Group::Customer | Group::DiscountCode | Group::DiscountCampaign | Group::DiscountKind => {
                (" AND key <> ''", "c.key <> '' AND ")
            }
            _ => ("", ""),
        };
        sql.push(ranked);
        sql.push(" GROUP BY currency, key), placed AS (SELECT c.*, ")
            .push(kept)
            .push("coalesce(r.place > ")
            .push_bind(i64::from(top))
            .push(format_args!(
                ", TRUE) AS beyond FROM cells c LEFT JOIN ranked r ON r.currency = c.currency AND r.key = c.key), \
                 best AS (SELECT c.period, c.currency, CASE WHEN c.beyond THEN '' ELSE c.key END AS key, c.beyond AS other, {sums} \
                 FROM placed c GROUP BY 1, 2, 3, 4)"
            ));
    }

    /// The expressions of what people call a row and of its name.
    fn labels(&self) -> (String, String) {
        match self.report.group {
            Group::Product => {
                let of = |column| {
                    format!("(SELECT l.{column} FROM sales_label l WHERE l.dimension = 'product' AND l.key = s.key)")
                };
                (of("label"), of("name"))
            }
            Group::Customer => (customer_label("s.key"), "''".to_owned()),
            _ => ("s.key".to_owned(), "''".to_owned()),
        }
    }

    fn totals(&self, found: Vec<SumsRow>) -> Vec<SalesRow> {
        let mut totals: BTreeMap<String, SalesRow> = BTreeMap::new();
        let mut previous: BTreeMap<String, SalesRow> = BTreeMap::new();
        for sums in found {
            let of = if sums.period == 1 { &mut totals } else { &mut previous };
            of.insert(sums.row.currency.clone(), sums.row);
        }
        let asked = &self.report.filter.currency;
        let currencies: BTreeSet<String> = totals
            .keys()
            .chain(previous.keys())
            .chain((!asked.is_empty()).then_some(asked))
            .cloned()
            .collect();
        let dates = self.report.dates;
        currencies
            .iter()
            .map(|currency| {
                let mut row = totals.remove(currency).unwrap_or_else(|| zeros(currency));
                (row.from, row.to) = (dates.from.to_string(), dates.to.to_string());
                row.label = String::new();
                row.previous = self.whole_previous.as_ref().map(|period| {
                    let row = previous.remove(currency).unwrap_or_else(|| zeros(currency));
                    Box::new(dated(row, period))
                });
                row
            })
            .collect()
    }

    fn rows(&self, found: Vec<SumsRow>, totals: &[SalesRow]) -> Result<Vec<SalesRow>, Error> {
        let count = self.periods.len();
        let mut current: BTreeMap<Place, SalesRow> = BTreeMap::new();
        let mut previous: BTreeMap<Place, SalesRow> = BTreeMap::new();
        // What each group is called, also where only one of the two has it.
        let mut groups: BTreeMap<(String, bool, String), (String, String)> = BTreeMap::new();
        for sums in found {
            let number = usize::try_from(sums.period).unwrap_or_default().saturating_sub(1);
            let row = sums.row;
            let group = (row.currency.clone(), row.other, row.key.clone());
            groups
                .entry(group)
                .or_insert_with(|| (row.label.clone(), row.name.clone()));
            let place = (number % count.max(1), row.currency.clone(), row.other, row.key.clone());
            let of = if number < count { &mut current } else { &mut previous };
            of.insert(place, row);
        }
        if self.report.group == Group::None {
            groups.extend(
                totals
                    .iter()
                    .map(|total| ((total.currency.clone(), false, String::new()), Default::default())),
            );
        }
        let places: BTreeSet<Place> = if self.report.fill {
            if count.saturating_mul(groups.len()) > MAX_ROWS {
                return Err(too_large());
            }
            let at = |(currency, other, key): &(String, bool, String)| {
                let (currency, other, key) = (currency.clone(), *other, key.clone());
                (0..count).map(move |period| (period, currency.clone(), other, key.clone()))
            };
            groups.keys().flat_map(at).collect()
        } else {
            current.keys().chain(previous.keys()).cloned().collect()
        };
        let mut rows: Vec<(usize, SalesRow)> = Vec::with_capacity(places.len());
        for place in places {
            let Some(period) = self.periods.get(place.0) else {
                continue;
            };
            let blank = || SalesRow {
                key: place.3.clone(),
                other: place.2,
                ..zeros(&place.1)
            };
            let mut row = dated(current.remove(&place).unwrap_or_else(blank), period);
            let group = (place.1.clone(), place.2, place.3.clone());
            if let Some((label, name)) = groups.get(&group) {
                row.label.clone_from(label);
                row.name.clone_from(name);
            }
            row.direct = self.is_direct(&row.key) && !row.other;
            if let Some(Some(period)) = self.previous.get(place.0) {
                let mut before = previous.remove(&place).unwrap_or_else(blank);
                before.direct = row.direct;
                row.previous = Some(Box::new(dated(before, period)));
            }
            rows.push((place.0, row));
        }
        rows.sort_by(|left, right| {
            (left.0, &left.1.currency)
                .cmp(&(right.0, &right.1.currency))
                .then_with(|| self.order(&left.1, &right.1))
        });
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    /// Within a period and currency.
    fn order(&self, left: &SalesRow, right: &SalesRow) -> Ordering {
        let sort = self.report.sort;
        let compared = match sort.measure {
            Some(measure) => measure.of(left).cmp(&measure.of(right)),
            None => left.label.cmp(&right.label),
        };
        let compared = if sort.descending { compared.reverse() } else { compared };
        left.other
            .cmp(&right.other)
            .then(compared)
            .then_with(|| left.key.cmp(&right.key))
    }

    fn is_direct(&self, key: &str) -> bool {
        match self.report.group {
            Group::Category(_) if key.is_empty() => false,
            Group::Category(Level::Own) => true,
            Group::Category(Level::Depth(level)) => self.report.filter.direct || depth(key) < level,
            Group::Category(Level::Tree) => self.report.filter.direct,
            _ => false,
        }
    }
}

/// `WITH` one more: `period, currency, key` and the sums, none of them all zero.
fn push_cells(sql: &mut QueryBuilder<'_, Postgres>, name: &str, wanted: &Wanted<'_>) {
    sql.push(format_args!(
        "{name} AS (SELECT r.period, r.currency, r.key, FALSE AS other, {} FROM (",
        totals_of("r")
    ));
    wanted.push(sql);
    let some = super::measure::SUMS
        .map(|sum| format!("sum(r.{sum}) <> 0"))
        .join(" OR ");
    sql.push(format_args!(") r GROUP BY 1, 2, 3 HAVING {some})"));
}

/// The row with the names of its time.
fn dated(row: SalesRow, period: &Period) -> SalesRow {
    SalesRow {
        period: period.first_day.to_string(),
        from: period.from.to_string(),
        to: period.to.to_string(),
        ..row
    }
}

pub(super) fn too_large() -> Error {
    Error::ReportTooLarge { limit: MAX_ROWS }
}
