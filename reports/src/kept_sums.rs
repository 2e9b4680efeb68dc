//! The part of a query that reads sums that are kept.

use sqlx::{Postgres, QueryBuilder};

use super::measure::SUMS;
use super::plan::{Segment, Source};
use super::request::{Group, Level};
use super::sum_query::{Customers, SumQuery, push_below, push_signed};

/// What stands between the country and the product in a key, and what would come next in the order of keys.
const BETWEEN: char = '\u{1f}';
const BEHIND: char = '\u{20}';

/// Adds what `query` needs of the sums of `dimension` in `table`.
pub(super) fn push_kept(
    query: &SumQuery<'_>,
    table: &'static str,
    dimension: &'static str,
    segments: &[Segment],
    sql: &mut QueryBuilder<'_, Postgres>,
) {
    let key = match (query.group, &query.filter.country) {
        (Group::None, _) => "''".to_owned(),
        (Group::Currency, _) => "s.currency".to_owned(),
        (Group::CustomerType, _) => "s.customer_type".to_owned(),
        // Behind the country and what stands between the two.
        (Group::Product, Some(country)) => format!("substr(s.key, {})", country.chars().count() + 2),
        _ => "s.key".to_owned(),
    };
    push_signed(sql, segments);
    sql.push(format_args!("(SELECT s.currency, {key} AS key, s.customer_type"));
    // A year has one row of a key, and a customer few months with any: they are added up once, outside. The other end keeps
    // the segments apart as well.
    let years = segments.iter().all(|segment| segment.source == Source::Years);
    let (sum, end) = if years || dimension == "customer" {
        ("", " OFFSET 0) AS part")
    } else {
        ("sum", " GROUP BY 1, 2, 3) AS part")
    };
    for name in SUMS {
        let column = kept_column(name, query.by_order_date);
        sql.push(format_args!(", {sum}({column}) AS {name}"));
    }
    sql.push(format_args!(
        " FROM {table} s WHERE s.bucket >= g.since AND s.bucket < g.until AND "
    ));
    if dimension == "category*" {
        sql.push("s.dimension IN ('category', 'category_own')");
    } else {
        sql.push(format_args!("s.dimension = '{dimension}'"));
    }
    query.push_common(sql, "s");
    if let Customers::Guests(best) = query.customers {
        // The condition names each month and each currency, so that the index leads to the rows.
        sql.push(
            " AND s.key = '' AND s.bucket = ANY (ARRAY(SELECT month AT TIME ZONE 'UTC' FROM generate_series(\
             g.since AT TIME ZONE 'UTC', (g.until - interval '1 microsecond') AT TIME ZONE 'UTC', interval '1 month') AS month)) \
             AND s.currency = ANY (",
        )
        .push_bind(best.currencies.clone())
        .push(")");
    }
    match &query.filter.country {
        Some(country) if query.group == Group::Product => {
            sql.push(" AND s.key >= ")
                .push_bind(format!("{country}{BETWEEN}"))
                .push(" AND s.key < ")
                .push_bind(format!("{country}{BEHIND}"));
        }
        Some(country) => {
            sql.push(" AND s.key = ").push_bind(country.clone());
        }
        None => {}
    }
    if let Group::Category(level) = query.group {
        push_below(sql, "s.key", query.filter);
        if let Level::Depth(depth) = level
            && dimension == "category*"
        {
            let levels = "cardinality(string_to_array(s.key, '/'))";
            sql.push(format_args!(
                " AND (s.dimension = 'category' AND {levels} = {depth} OR s.dimension = 'category_own' AND {levels} < {depth})"
            ));
        }
    } else if let Some(category) = &query.filter.category {
        sql.push(" AND s.key = ").push_bind(category.clone());
    }
    sql.push(end);
}

/// The expression of one of [`SUMS`] in a row `s` of a table of sums.
pub(super) fn kept_column(name: &str, by_order_date: bool) -> String {
    match (name, by_order_date) {
        ("tax", false) => "(s.tax - s.credited_tax)".to_owned(),
        ("tax", true) => "(s.tax - s.undone_tax)".to_owned(),
        ("credits", true) => "s.undone".to_owned(),
        ("credited_units", true) => "s.undone_units".to_owned(),
        (name, _) => format!("s.{name}"),
    }
}
