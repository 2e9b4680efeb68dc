//! What a report adds up, and what all queries of it have in common.

use sqlx::{Postgres, QueryBuilder};

use super::calendar::Span;
use super::filter::Filter;
use super::measure::SUMS;
use super::plan::Segment;
use super::request::Group;

/// A span of time under a number.
pub(super) type Numbered = (i32, Span);

/// What is added up.
pub(super) struct SumQuery<'a> {
    pub(super) group: Group,
    pub(super) filter: &'a Filter,
    pub(super) by_order_date: bool,
    pub(super) customers: Customers<'a>,
    pub(super) spans: Vec<Numbered>,
}

/// Whose sales are added up, beside the filter.
#[derive(Clone, Copy)]
pub(super) enum Customers<'a> {
    All,
    /// The customers that are shown.
    Top(&'a TopCustomers),
    /// Guests, in the currencies of the customers that are shown.
    Guests(&'a TopCustomers),
}

/// The customers that are shown, each in a currency.
pub(super) struct TopCustomers {
    /// All that were ever used, or the one that is asked for.
    pub(super) currencies: Vec<String>,
    /// Currency, customer.
    pub(super) keys: Vec<(String, String)>,
}

impl SumQuery<'_> {
    /// The conditions that entries and sums have in common.
    pub(super) fn push_common(&self, sql: &mut QueryBuilder<'_, Postgres>, table: &str) {
        for (column, value) in [
            ("currency", &self.filter.currency),
            ("customer_type", &self.filter.customer_type),
        ] {
            if !value.is_empty() {
                sql.push(format_args!(" AND {table}.{column} = "))
                    .push_bind(value.clone());
            }
        }
    }
}

/// The category of the filter, with those below it unless it says otherwise.
pub(super) fn push_below(sql: &mut QueryBuilder<'_, Postgres>, column: &str, filter: &Filter) {
    let Some(category) = &filter.category else { return };
    sql.push(format_args!(" AND ({column} = ")).push_bind(category.clone());
    // Below the uncategorised there is nothing.
    if !filter.direct && !category.is_empty() {
        sql.push(format_args!(" OR starts_with({column}, "))
            .push_bind(format!("{category}/"))
            .push(")");
    }
    sql.push(")");
}

/// Begins a sum for each segment on its own: together they would be one join, for which PostgreSQL reads every row of the dimension
/// once a segment. All entries of an order happened at once, so its segments have no order in common.
pub(super) fn push_signed(sql: &mut QueryBuilder<'_, Postgres>, segments: &[Segment]) {
    sql.push("SELECT g.period, part.currency, part.key, part.customer_type");
    for name in SUMS {
        sql.push(format_args!(", g.sign * part.{name}::bigint AS {name}"));
    }
    sql.push(" FROM ");
    push_segments(sql, segments);
    sql.push(" CROSS JOIN LATERAL ");
}

fn push_segments(sql: &mut QueryBuilder<'_, Postgres>, segments: &[Segment]) {
    let column = |value: fn(&Segment) -> i64| segments.iter().map(value).collect::<Vec<_>>();
    sql.push("unnest(")
        .push_bind(segments.iter().map(|segment| segment.period).collect::<Vec<_>>())
        .push("::integer[], ")
        .push_bind(column(|segment| segment.sign))
        .push("::bigint[], ")
        .push_bind(segments.iter().map(|segment| segment.span.start).collect::<Vec<_>>())
        .push("::timestamptz[], ")
        .push_bind(segments.iter().map(|segment| segment.span.end).collect::<Vec<_>>())
        .push("::timestamptz[]) AS g (period, sign, since, until)");
}
