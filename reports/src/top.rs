//! The first ones of very many customers, found without adding up all others.

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use reads::Reads;
use reads::error::Error;
use sqlx::{Postgres, QueryBuilder};

use super::calendar::Span;
use super::filter::Filter;
use super::kept_sums::kept_column;
use super::measure::{Measure, SUMS};
use super::plan::{Segment, Source, segments};
use super::request::{Group, Report};
use super::sum_query::{Customers, SumQuery, TopCustomers};

/// What a year may have more or less at its edges, as in other time zones. Customers who bought there are added up one by one.
const MAX_EDGES: TimeDelta = TimeDelta::days(3);

/// The first customers, where nothing narrows what is added up; `None`: the report itself adds up all of them.
pub(super) async fn customers(query: &Reads, report: &Report, whole: Span) -> Result<Option<TopCustomers>, Error> {
    let asked = &report.filter.currency;
    let unfiltered = Filter {
        currency: asked.clone(),
        ..Filter::default()
    };
    let (Group::Customer, Some(top)) = (report.group, report.top) else {
        return Ok(None);
    };
    // Sums of years do not tell types of orders.
    if report.filter != unfiltered || report.sort.measure == Some(Measure::NewCustomers) {
        return Ok(None);
    }
    let segments = segments(1, whole, &[Source::Entries, Source::Months, Source::Years]);
    let mut sql = QueryBuilder::new("WITH ");
    match year(&segments) {
        Some((year, edges)) => push_year(report, year, &edges, top, &mut sql),
        None => push_all(report, &segments, top, &mut sql),
    }
    let found: Vec<(String, Option<String>)> = sql.build_query_as().persistent(false).fetch_all(query.pool()).await?;
    let mut best = TopCustomers {
        currencies: found.iter().map(|(currency, _)| currency.clone()).collect(),
        keys: Vec::new(),
    };
    best.currencies.dedup();
    best.keys
        .extend(found.into_iter().filter_map(|(currency, key)| Some((currency, key?))));
    Ok(Some(best))
}

/// The year that the segments are, but for some hours, and those.
fn year(segments: &[Segment]) -> Option<(DateTime<Utc>, Vec<Segment>)> {
    let (years, edges): (Vec<_>, Vec<_>) = segments
        .iter()
        .copied()
        .partition(|segment| segment.source == Source::Years);
    let [year] = years.as_slice() else { return None };
    let one = year.span.end.year() == year.span.start.year() + 1;
    let length: TimeDelta = edges.iter().map(|edge| edge.span.end - edge.span.start).sum();
    (one && length <= MAX_EDGES).then_some((year.span.start, edges))
}

/// Customers with these sums of theirs in these segments.
fn push_sums(report: &Report, segments: &[Segment], sums: &[&str], sql: &mut QueryBuilder<'_, Postgres>) {
    sql.push("(SELECT currency, key");
    for name in sums {
        sql.push(format_args!(", sum({name}) AS {name}"));
    }
    sql.push(" FROM (");
    let wanted = SumQuery {
        group: Group::Customer,
        filter: &report.filter,
        by_order_date: report.by_order_date,
        customers: Customers::All,
        spans: Vec::new(),
    };
    wanted.push_segments(segments, Some("customer"), sql);
    // What was taken back may be of another time, by the way that counts: such rows are nothing here.
    sql.push(format_args!(
        ") AS r WHERE key <> '' AND ({}) GROUP BY 1, 2",
        any(str::to_owned)
    ));
    // What is taken away again may leave nothing.
    if segments.iter().any(|segment| segment.sign < 0) {
        sql.push(format_args!(" HAVING {}", any(sum)));
    }
    sql.push(")");
}

/// Whether any of the sums is not 0.
fn any(of: impl Fn(&str) -> String) -> String {
    SUMS.map(|name| format!("{} <> 0", of(name))).join(" OR ")
}

fn sum(name: &str) -> String {
    format!("sum({name})")
}

/// Each currency with what follows, which knows it as `w.currency`.
fn push_currencies(report: &Report, sql: &mut QueryBuilder<'_, Postgres>) {
    sql.push(" SELECT w.currency, f.key FROM (SELECT DISTINCT currency FROM sales_month WHERE dimension = 'total'");
    if !report.filter.currency.is_empty() {
        sql.push(" AND currency = ").push_bind(report.filter.currency.clone());
    }
    sql.push(") AS w LEFT JOIN LATERAL (");
}

fn push_end(report: &Report, top: u32, sql: &mut QueryBuilder<'_, Postgres>) {
    let order = report.sort.sql(|name| format!("t.{name}"));
    sql.push(format_args!(" ORDER BY {order}, t.key LIMIT "))
        .push_bind(i64::from(top))
        .push(") AS f ON TRUE ORDER BY w.currency");
}

fn push_all(report: &Report, segments: &[Segment], top: u32, sql: &mut QueryBuilder<'_, Postgres>) {
    let order = report.sort.sql(str::to_owned);
    // More than a look at very many customers needs takes its time.
    let needed: Vec<&str> = SUMS.into_iter().filter(|name| order.contains(name)).collect();
    sql.push("summed AS MATERIALIZED ");
    push_sums(report, segments, &needed, sql);
    push_currencies(report, sql);
    sql.push("SELECT t.key FROM summed AS t WHERE t.currency = w.currency");
    push_end(report, top, sql);
}

/// Those who bought at the edges of a year one by one, and of all others only the first ones of the year.
fn push_year(report: &Report, year: DateTime<Utc>, edges: &[Segment], top: u32, sql: &mut QueryBuilder<'_, Postgres>) {
    let raw = |name: &str| kept_column(name, report.by_order_date);
    let columns = SUMS.map(|name| format!("{} AS {name}", raw(name))).join(", ");
    let push_rows = |sql: &mut QueryBuilder<'_, Postgres>| {
        sql.push(format_args!(
            "SELECT s.key, {columns} FROM sales_customer_year s WHERE s.dimension = 'customer' AND s.currency = w.currency AND s.key <> '' \
             AND s.bucket = "
        ))
        .push_bind(year);
    };
    if edges.is_empty() {
        sql.push("edge AS (SELECT ''::text AS currency, ''::text AS key");
        for name in SUMS {
            sql.push(format_args!(", 0 AS {name}"));
        }
        sql.push(" WHERE FALSE)");
    } else {
        sql.push("edge AS MATERIALIZED ");
        push_sums(report, edges, &SUMS, sql);
    }
    push_currencies(report, sql);
    sql.push("SELECT t.key FROM ((");
    push_rows(sql);
    // As the index of the table has it, which is read from its start then.
    let order = report.sort.sql(raw);
    sql.push(format_args!(
        " AND ({}) AND (s.currency, s.key) NOT IN (SELECT currency, key FROM edge) ORDER BY {order}, s.key LIMIT ",
        any(raw)
    ))
    .push_bind(i64::from(top))
    .push(") UNION ALL SELECT key");
    for name in SUMS {
        sql.push(format_args!(", sum({name}) AS {name}"));
    }
    sql.push(format_args!(
        " FROM (SELECT key, {} FROM edge WHERE currency = w.currency UNION ALL ",
        SUMS.join(", ")
    ));
    push_rows(sql);
    let some = any(sum);
    sql.push(format_args!(
        " AND s.key IN (SELECT key FROM edge WHERE currency = w.currency)) AS both_parts GROUP BY key HAVING {some}) AS t"
    ));
    push_end(report, top, sql);
}
