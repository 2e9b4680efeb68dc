//! The part of a query that adds up single entries.

use sqlx::{Postgres, QueryBuilder};

use super::filter::Filter;
use super::plan::Segment;
use super::request::{Group, Level};
use super::sum_query::{Customers, SumQuery, push_below, push_signed};

/// Which entries are dated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Both,
    Sales,
    Undone,
}

/// Adds what `query` needs of the entries in the segments.
pub(super) fn push_entries(
    query: &SumQuery<'_>,
    segments: &[Segment],
    side: Side,
    sql: &mut QueryBuilder<'_, Postgres>,
) {
    let (time, kind) = match side {
        Side::Both => ("happened_at", ""),
        Side::Sales => ("happened_at", " AND e.kind = 'sale'"),
        Side::Undone => ("ordered_at", " AND e.kind <> 'sale'"),
    };
    let sold = "FILTER (WHERE e.kind = 'sale')";
    let given = "FILTER (WHERE e.kind <> 'sale')";
    // Every order has one line 0; several lines of it may be of a product or a category, or only others of a discount.
    let orders = if query.filter.of_goods() || query.filter.of_discounts() || query.group.of_lines() {
        format!("count(DISTINCT e.order_id) {sold}")
    } else {
        "count(*) FILTER (WHERE e.kind = 'sale' AND e.line = 0)".to_owned()
    };
    push_signed(sql, segments);
    sql.push(format_args!(
        "(SELECT e.currency, {key} AS key, e.customer_type, {orders} AS orders, \
         coalesce(sum(e.units) {sold}, 0) AS units, coalesce(sum(e.amount) {sold}, 0) AS gross, \
         sum(e.discounts) AS discounts, coalesce(sum(e.tax) {sold}, 0) - coalesce(sum(e.tax) {given}, 0) AS tax, \
         coalesce(sum(e.amount) {given}, 0) AS credits, coalesce(sum(e.units) {given}, 0) AS credited_units \
         FROM sales_entry e{joins} WHERE e.{time} >= g.since AND e.{time} < g.until{kind}",
        key = entry_key(query.group),
        joins = entry_joins(query.group),
    ));
    query.push_common(sql, "e");
    push_filter(sql, query.filter);
    match query.customers {
        Customers::All => {}
        Customers::Guests(_) => {
            sql.push(" AND e.customer = ''");
        }
        Customers::Top(best) => {
            let (currencies, customers): (Vec<_>, Vec<_>) = best.keys.iter().cloned().unzip();
            sql.push(" AND (e.currency, e.customer) IN (SELECT * FROM unnest(")
                .push_bind(currencies)
                .push("::text[], ")
                .push_bind(customers)
                .push("::text[]))");
        }
    }
    if matches!(query.group, Group::Product | Group::Category(_)) {
        sql.push(" AND e.product <> ''");
    }
    if query.group == Group::Category(Level::Tree) {
        push_below(sql, "above.path", query.filter);
    }
    sql.push(" GROUP BY 1, 2, 3) AS part");
}

/// The expression of the group's key of an entry `e`.
pub(super) fn entry_key(group: Group) -> String {
    match group {
        Group::None => "''".to_owned(),
        Group::Currency => "e.currency".to_owned(),
        Group::CustomerType => "e.customer_type".to_owned(),
        Group::Product => "e.product".to_owned(),
        Group::Country => "e.country".to_owned(),
        Group::Customer => "e.customer".to_owned(),
        Group::DiscountCode => "e.discount_code".to_owned(),
        Group::DiscountCampaign => "e.discount_campaign".to_owned(),
        Group::DiscountKind => "e.discount_kind".to_owned(),
        Group::Category(Level::Own) => "e.category".to_owned(),
        Group::Category(Level::Tree) => "above.path".to_owned(),
        Group::Category(Level::Depth(depth)) => {
            format!("array_to_string((string_to_array(e.category, '/'))[1:{depth}], '/') COLLATE \"C\"")
        }
    }
}

/// What the key needs beside the entry.
pub(super) fn entry_joins(group: Group) -> &'static str {
    if group == Group::Category(Level::Tree) {
        " CROSS JOIN LATERAL (\
         SELECT array_to_string((string_to_array(e.category, '/'))[1:level], '/') COLLATE \"C\" AS path \
         FROM generate_series(1, greatest(1, cardinality(string_to_array(e.category, '/')))) level) above"
    } else {
        ""
    }
}

/// The filter on entries `e`, but for currency and type of customer.
pub(super) fn push_filter(sql: &mut QueryBuilder<'_, Postgres>, filter: &Filter) {
    for (column, value) in [
        ("product", &filter.product),
        ("country", &filter.country),
        ("customer", &filter.customer),
        ("discount_code", &filter.discount_code),
        ("discount_campaign", &filter.discount_campaign),
        ("discount_kind", &filter.discount_kind),
    ] {
        if let Some(value) = value {
            sql.push(format_args!(" AND e.{column} = ")).push_bind(value.clone());
        }
    }
    push_below(sql, "e.category", filter);
    if filter.of_goods() {
        sql.push(" AND e.product <> ''");
    }
}

/// The expression of what people call a customer; NULL: nobody knows.
///
/// Names and addresses of accounts are read where they are kept: the tables of sales outlive them.
pub(super) fn customer_label(key: &str) -> String {
    format!(
        "coalesce((SELECT coalesce(nullif(u.name, ''), u.email) FROM users u WHERE u.id = {key}), \
         (SELECT l.label FROM sales_label l WHERE l.dimension = 'customer' AND l.key = {key}))"
    )
}
