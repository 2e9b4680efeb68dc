//! Sales by the intervals of any time zone, in all or by what they are grouped by.

mod statement;

use std::collections::{BTreeMap, BTreeSet};

use proto::v1::{SalesReply, SalesRequest, SalesRow};
use reads::Reads;
use reads::error::Error;
use sqlx::QueryBuilder;
use sqlx::postgres::PgRow;

use super::calendar::{Period, Span, periods};
use super::filter::depth;
use super::request::{Group, Level, Report};
use super::sales_row::{SumsRow, zeros};
use super::sum_query::TopCustomers;
use super::top;
use super::totals::{PREVIOUS, TOTALS};

/// Of an answer that is one message: it is in memory as a whole, several times over, on its way from rows to JSON. Files are not.
const MAX_ROWS: usize = 50_000;
/// Of a report in any form.
const MAX_PERIODS: usize = 100_000;
/// More totals than there are currencies, now and before.
const MAX_TOTALS: usize = 1_000;

pub(super) async fn sales(query: &Reads, request: &SalesRequest) -> Result<SalesReply, Error> {
    at_most(query, request, MAX_ROWS).await
}

/// A report of at most `limit` rows; a longer one is refused.
pub(super) async fn at_most(query: &Reads, request: &SalesRequest, limit: usize) -> Result<SalesReply, Error> {
    let mut asked = Asked::new(Report::new(request)?)?;
    let freshness = query.fresh(request.context.as_ref(), &["sales"]).await?;
    asked.rank(query).await?;
    let most = limit.saturating_add(MAX_TOTALS);
    let mut sql = QueryBuilder::new("");
    asked.push(&mut sql);
    sql.push(" LIMIT ").push_bind(i64::try_from(most).unwrap_or(i64::MAX));
    // Planned for these very spans: a plan for any would not know how few they are.
    let found = sql.build().persistent(false).fetch_all(query.pool()).await?;
    if found.is_empty() {
        asked.report.filter.check(query.pool()).await?;
    }
    let (mut totals, mut rows) = (Totals::default(), Vec::new());
    for found in &found {
        rows.extend(asked.take(found, &mut totals)?);
    }
    if rows.len() > limit || found.len() >= most {
        return Err(Error::ReportTooLarge { limit });
    }
    let previous = asked.whole_previous.as_ref();
    Ok(SalesReply {
        rows,
        previous_from: previous.map(|previous| previous.from.to_string()).unwrap_or_default(),
        previous_to: previous.map(|previous| previous.to.to_string()).unwrap_or_default(),
        totals: asked.totals(totals),
        freshness: Some(freshness),
    })
}

/// A report with its spans of time.
pub(super) struct Asked {
    pub(super) report: Report,
    periods: Vec<Period>,
    /// What each period is compared with; empty: nothing is.
    previous: Vec<Option<Period>>,
    whole_previous: Option<Period>,
    /// The groups that are shown, where they were worth finding first.
    best: Option<TopCustomers>,
}

/// The sums over the whole time and over what it is compared with, by currency.
#[derive(Default)]
pub(super) struct Totals {
    current: BTreeMap<String, SalesRow>,
    previous: BTreeMap<String, SalesRow>,
}

impl Asked {
    pub(super) fn new(report: Report) -> Result<Self, Error> {
        let dates = report.dates;
        let whole = (dates.from, dates.to);
        let periods = periods(report.interval, dates.zone, dates.from, dates.to);
        if periods.len() > MAX_PERIODS {
            return Err(Error::ReportTooLarge { limit: MAX_PERIODS });
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
            best: None,
        })
    }

    fn whole(&self) -> Span {
        let dates = self.report.dates;
        Span::of_days(dates.zone, dates.from, dates.to)
    }

    /// Finds the groups that are shown, if there may be very many others.
    pub(super) async fn rank(&mut self, query: &Reads) -> Result<(), Error> {
        self.best = top::customers(query, &self.report, self.whole()).await?;
        Ok(())
    }

    /// A row of what [`Asked::push`] selects; totals come first and are kept for the end.
    pub(super) fn take(&self, found: &PgRow, totals: &mut Totals) -> Result<Option<SalesRow>, Error> {
        let sums = SumsRow::read(found, &TOTALS)?;
        if sums.total {
            let of = if sums.period == 1 {
                &mut totals.current
            } else {
                &mut totals.previous
            };
            of.insert(sums.row.currency.clone(), sums.row);
            return Ok(None);
        }
        let index = usize::try_from(sums.period).unwrap_or_default().saturating_sub(1);
        let Some(period) = self.periods.get(index) else {
            return Ok(None);
        };
        let mut row = dated(sums.row, period);
        row.direct = self.is_direct(&row.key) && !row.other;
        if let Some(Some(period)) = self.previous.get(index) {
            let mut before = dated(SumsRow::read(found, &PREVIOUS)?.row, period);
            before.direct = row.direct;
            row.previous = Some(Box::new(before));
        }
        Ok(Some(row))
    }

    /// A row for each currency that was used, or asked for.
    pub(super) fn totals(&self, mut found: Totals) -> Vec<SalesRow> {
        let asked = &self.report.filter.currency;
        let currencies: BTreeSet<String> = found
            .current
            .keys()
            .chain(found.previous.keys())
            .chain((!asked.is_empty()).then_some(asked))
            .cloned()
            .collect();
        let dates = self.report.dates;
        let total = |currency: &String| {
            let mut row = found.current.remove(currency).unwrap_or_else(|| zeros(currency));
            (row.from, row.to) = (dates.from.to_string(), dates.to.to_string());
            row.previous = self.whole_previous.as_ref().map(|period| {
                let row = found.previous.remove(currency).unwrap_or_else(|| zeros(currency));
                Box::new(dated(row, period))
            });
            row
        };
        currencies.iter().map(total).collect()
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

/// The row with the names of its time.
fn dated(row: SalesRow, period: &Period) -> SalesRow {
    SalesRow {
        period: period.first_day.to_string(),
        from: period.from.to_string(),
        to: period.to.to_string(),
        ..row
    }
}
