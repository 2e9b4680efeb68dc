//! Sales by day, week or month of any time zone, in all or by product, category, country or customer.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
use proto::v1::{SalesGroup, SalesInterval, SalesReply, SalesRequest, SalesRow};
use sqlx::QueryBuilder;

use super::calendar::{Interval, Period, periods};
use super::sales_row::SumsRow;
use crate::Query;
use crate::error::Error;
use crate::ranges::{currency, push_equal};

const MAX_ROWS: usize = 100_000;
const MAX_DAYS: i64 = 3_660;

const SUMS: &str = "sum(orders)::bigint AS orders, sum(units)::bigint AS units, sum(gross)::bigint AS gross, \
    sum(credits)::bigint AS credits, sum(credited_units)::bigint AS credited_units, sum(gross - credits)::bigint AS net";

/// A request that can be answered.
struct Report {
    periods: Vec<Period>,
    end: DateTime<Utc>,
    group: SalesGroup,
    currency: String,
}

pub(super) async fn sales(query: &Query, request: SalesRequest) -> Result<SalesReply, Error> {
    let context = request.context.clone();
    let report = Report::new(request)?;
    let freshness = query.fresh(context.as_ref(), &["sales"]).await?;
    let (totals, found): (Vec<_>, Vec<_>) = report.read(query).await?.into_iter().partition(|sums| sums.period == 0);
    if found.len() > MAX_ROWS {
        return Err(too_large());
    }
    let mut totals: Vec<_> = totals.into_iter().map(|sums| sums.row).collect();
    if totals.is_empty() && !report.currency.is_empty() {
        totals.push(zeros(&report.currency));
    }
    let rows = match report.group {
        SalesGroup::None => report.every_period(found, &totals)?,
        SalesGroup::Product | SalesGroup::Category | SalesGroup::Country | SalesGroup::Customer => {
            found.into_iter().map(|sums| report.named(sums)).collect()
        }
    };
    Ok(SalesReply {
        rows,
        totals,
        freshness: Some(freshness),
    })
}

impl Report {
    fn new(request: SalesRequest) -> Result<Self, Error> {
        let interval = SalesInterval::try_from(request.interval).ok().and_then(Interval::new);
        let interval = interval.ok_or_else(|| Error::invalid("interval", "unknown", "must be day, week or month"))?;
        let group = SalesGroup::try_from(request.group_by).map_err(|_| {
            let message = "must be product, category, country or customer, or left out";
            Error::invalid("group_by", "unknown", message)
        })?;
        let zone = match request.time_zone.as_str() {
            "" => Tz::UTC,
            name => name.parse().map_err(|_| {
                let message = "must be the name of an IANA time zone, as Europe/London";
                Error::invalid("tz", "unknown", message)
            })?,
        };
        let from = date("from", &request.from)?;
        let to = date("to", &request.to)?;
        if from >= to {
            return Err(Error::invalid("to", "out_of_range", "must be after from"));
        }
        if (to - from).num_days() > MAX_DAYS {
            let message = format!("must be at most {MAX_DAYS} days after from");
            return Err(Error::invalid("to", "out_of_range", message));
        }
        let (periods, end) = periods(interval, zone, from, to);
        Ok(Self {
            periods,
            end,
            group,
            currency: currency(request.currency)?,
        })
    }

    fn dimension(&self) -> &'static str {
        match self.group {
            SalesGroup::None => "total",
            SalesGroup::Product => "product",
            SalesGroup::Category => "category",
            SalesGroup::Country => "country",
            SalesGroup::Customer => "customer",
        }
    }

    /// The sums of every period and the totals, in one statement so that they are of one moment.
    async fn read(&self, query: &Query) -> Result<Vec<SumsRow>, Error> {
        let starts: Vec<_> = self.periods.iter().map(|period| period.start).collect();
        let start = starts.first().copied().unwrap_or(self.end);
        let mut sql = QueryBuilder::new("WITH sold AS (SELECT width_bucket(bucket, ");
        sql.push_bind(starts).push(") AS period, currency, key, ").push(SUMS);
        let from = |sql: &mut QueryBuilder<'_, _>, dimension| {
            sql.push(" FROM sales WHERE dimension = ").push_bind(dimension);
            sql.push(" AND bucket >= ").push_bind(start);
            sql.push(" AND bucket < ").push_bind(self.end);
            push_equal(sql, "currency", &self.currency);
        };
        from(&mut sql, self.dimension());
        sql.push(" GROUP BY 1, 2, 3 LIMIT ")
            .push_bind(i64::try_from(MAX_ROWS).unwrap_or(i64::MAX).saturating_add(1))
            .push(") SELECT sold.*, coalesce(l.label, sold.key) AS label, l.name FROM sold")
            .push(" LEFT JOIN sales_label l ON l.dimension = ")
            .push_bind(self.dimension())
            .push(" AND l.key = sold.key UNION ALL SELECT 0, currency, '', ")
            .push(SUMS)
            .push(", '', ''");
        from(&mut sql, "total");
        sql.push(" GROUP BY currency ORDER BY period, currency, net DESC, key");
        let rows = sql.build().fetch_all(query.pool()).await?;
        rows.iter().map(SumsRow::read).collect()
    }

    /// The row with the first day of its period.
    fn named(&self, sums: SumsRow) -> SalesRow {
        let period = usize::try_from(sums.period)
            .ok()
            .and_then(|number| self.periods.get(number.checked_sub(1)?));
        SalesRow {
            period: period.map(|period| period.first_day.to_string()).unwrap_or_default(),
            ..sums.row
        }
    }

    /// A row for every period and currency, of zeros where nothing was sold: a chart has no holes.
    fn every_period(&self, found: Vec<SumsRow>, totals: &[SalesRow]) -> Result<Vec<SalesRow>, Error> {
        let currencies: BTreeSet<_> = totals.iter().map(|total| total.currency.as_str()).collect();
        if self.periods.len().saturating_mul(currencies.len()) > MAX_ROWS {
            return Err(too_large());
        }
        let mut sold: BTreeMap<_, _> = found
            .into_iter()
            .map(|sums| self.named(sums))
            .map(|row| ((row.period.clone(), row.currency.clone()), row))
            .collect();
        let mut rows = Vec::with_capacity(self.periods.len() * currencies.len());
        for period in &self.periods {
            for &currency in &currencies {
                let key = (period.first_day.to_string(), currency.to_owned());
                let row = sold.remove(&key).unwrap_or_else(|| SalesRow {
                    period: key.0,
                    ..zeros(currency)
                });
                rows.push(row);
            }
        }
        Ok(rows)
    }
}

fn zeros(currency: &str) -> SalesRow {
    SalesRow {
        currency: currency.to_owned(),
        ..SalesRow::default()
    }
}

fn too_large() -> Error {
    Error::ReportTooLarge { limit: MAX_ROWS }
}

/// A date written out in full: four digits, two, two.
fn date(field: &'static str, text: &str) -> Result<NaiveDate, Error> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    date.filter(|date| (2..=9998).contains(&date.year()) && date.to_string() == text)
        .ok_or_else(|| Error::invalid(field, "malformed", "must be a date as 2024-01-31"))
}
