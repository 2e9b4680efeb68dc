//! The query that adds up.

use sqlx::{Postgres, QueryBuilder};

use super::calendar::Span;
use super::measure::SUMS;
use super::plan::{Segment, Source, segments};
use super::request::{Filter, Group, Level};

/// A span of time under a number.
pub(super) type Numbered = (i32, Span);

/// What is added up.
pub(super) struct Wanted<'a> {
    pub(super) group: Group,
    pub(super) filter: &'a Filter,
    pub(super) by_order_date: bool,
    pub(super) spans: Vec<Numbered>,
}

/// A dimension that sums are kept by, and the condition that the filter is in it.
struct Kept {
    dimension: &'static str,
    sources: &'static [Source],
}

const BY_QUARTER: &[Source] = &[Source::Entries, Source::Quarters, Source::Months];
const BY_DAY: &[Source] = &[Source::Entries, Source::Days, Source::Months];
const BY_MONTH: &[Source] = &[Source::Entries, Source::Months];
const ENTRIES: &[Source] = &[Source::Entries];

impl Wanted<'_> {
    /// The sums that answer this; `None`: no one kept them, so entries are added up.
    fn kept(&self) -> Option<Kept> {
        let Filter {
            product,
            category,
            direct,
            country,
            customer,
            ..
        } = self.filter;
        if product.is_some() || customer.is_some() || self.filter.of_discounts() {
            return None;
        }
        let kept = |dimension, sources| Some(Kept { dimension, sources });
        match (self.group, category, country) {
            (Group::None | Group::Currency | Group::CustomerType, None, None) => kept("total", BY_QUARTER),
            (Group::None | Group::Currency | Group::CustomerType | Group::Country, None, _) => {
                kept("country", BY_QUARTER)
            }
            (Group::None | Group::Currency | Group::CustomerType, Some(_), None) if *direct => {
                kept("category_own", BY_QUARTER)
            }
            (Group::None | Group::Currency | Group::CustomerType, Some(_), None) => kept("category", BY_QUARTER),
            (Group::Category(_), Some(_), None) if *direct => kept("category_own", BY_QUARTER),
            (Group::Category(level), _, None) => kept(
                match level {
                    Level::Own => "category_own",
                    Level::Tree => "category",
                    // Both: see `push_level`.
                    Level::Depth(_) => "category*",
                },
                BY_QUARTER,
            ),
            (Group::Product, None, None) => kept("product", BY_DAY),
            (Group::Customer, None, None) => kept("customer", BY_MONTH),
            _ => None,
        }
    }

    /// `SELECT period, currency, key` and the sums, `customer_type` by `customer_type`, some more than once.
    pub(super) fn push(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        let kept = self.kept();
        let sources = kept.as_ref().map_or(ENTRIES, |kept| kept.sources);
        let segments: Vec<Segment> = self
            .spans
            .iter()
            .flat_map(|(number, span)| segments(*number, *span, sources))
            .collect();
        let of = |wanted: fn(Source) -> bool| -> Vec<Segment> {
            segments
                .iter()
                .copied()
                .filter(|segment| wanted(segment.source))
                .collect()
        };
        let mut union = "";
        if let Some(kept) = &kept {
            for (table, wanted) in [
                (
                    "sales",
                    (|source| matches!(source, Source::Quarters | Source::Days)) as fn(Source) -> bool,
                ),
                ("sales_month", |source| source == Source::Months),
            ] {
                let segments = of(wanted);
                if !segments.is_empty() {
                    sql.push(union);
                    self.push_kept(sql, table, kept.dimension, &segments);
                    union = " UNION ALL ";
                }
            }
        }
        let fine = of(|source| source == Source::Entries);
        if !fine.is_empty() || union.is_empty() {
            sql.push(union);
            self.push_entries(sql, &fine, if self.by_order_date { Side::Sales } else { Side::Both });
            if self.by_order_date {
                sql.push(" UNION ALL ");
                self.push_entries(sql, &fine, Side::Undone);
            }
        }
    }

    fn push_kept(
        &self,
        sql: &mut QueryBuilder<'_, Postgres>,
        table: &'static str,
        dimension: &'static str,
        segments: &[Segment],
    ) {
        let key = match self.group {
            Group::None => "''",
            Group::Currency => "s.currency",
            Group::CustomerType => "s.customer_type",
            _ => "s.key",
        };
        let (credits, units, tax) = if self.by_order_date {
            ("undone", "undone_units", "undone_tax")
        } else {
            ("credits", "credited_units", "credited_tax")
        };
        push_signed(sql, segments);
        sql.push(format_args!(
            "(SELECT s.currency, {key} AS key, s.customer_type, sum(s.orders) AS orders, sum(s.units) AS units, \
             sum(s.gross) AS gross, sum(s.discounts) AS discounts, sum(s.tax - s.{tax}) AS tax, \
             sum(s.{credits}) AS credits, sum(s.{units}) AS credited_units \
             FROM {table} s WHERE s.bucket >= g.since AND s.bucket < g.until AND "
        ));
        if dimension == "category*" {
            sql.push("s.dimension IN ('category', 'category_own')");
        } else {
            sql.push(format_args!("s.dimension = '{dimension}'"));
        }
        self.push_common(sql, "s");
        if let Some(country) = &self.filter.country {
            sql.push(" AND s.key = ").push_bind(country.clone());
        }
        if let Group::Category(level) = self.group {
            push_below(sql, "s.key", self.filter);
            if let Level::Depth(depth) = level
                && dimension == "category*"
            {
                let levels = "cardinality(string_to_array(s.key, '/'))";
                sql.push(format_args!(
                    " AND (s.dimension = 'category' AND {levels} = {depth} OR s.dimension = 'category_own' AND {levels} < {depth})"
                ));
            }
        } else if let Some(category) = &self.filter.category {
            sql.push(" AND s.key = ").push_bind(category.clone());
        }
        sql.push(" GROUP BY 1, 2, 3) AS part");
    }

    fn push_entries(&self, sql: &mut QueryBuilder<'_, Postgres>, segments: &[Segment], side: Side) {
        let (time, kind) = match side {
            Side::Both => ("happened_at", ""),
            Side::Sales => ("happened_at", " AND e.kind = 'sale'"),
            Side::Undone => ("ordered_at", " AND e.kind <> 'sale'"),
        };
        let sold = "FILTER (WHERE e.kind = 'sale')";
        let given = "FILTER (WHERE e.kind <> 'sale')";
        push_signed(sql, segments);
        sql.push(format_args!(
            "(SELECT e.currency, {key} AS key, e.customer_type, count(DISTINCT e.order_id) {sold} AS orders, \
             coalesce(sum(e.units) {sold}, 0) AS units, coalesce(sum(e.amount) {sold}, 0) AS gross, \
             sum(e.discounts) AS discounts, coalesce(sum(e.tax) {sold}, 0) - coalesce(sum(e.tax) {given}, 0) AS tax, \
             coalesce(sum(e.amount) {given}, 0) AS credits, coalesce(sum(e.units) {given}, 0) AS credited_units \
             FROM sales_entry e{joins} WHERE e.{time} >= g.since AND e.{time} < g.until{kind}",
            key = entry_key(self.group),
            joins = entry_joins(self.group),
        ));
        self.push_common(sql, "e");
        push_filter(sql, self.filter);
        if matches!(self.group, Group::Product | Group::Category(_)) {
            sql.push(" AND e.product <> ''");
        }
        if self.group == Group::Category(Level::Tree) {
            push_below(sql, "above.path", self.filter);
        }
        sql.push(" GROUP BY 1, 2, 3) AS part");
    }

    fn push_common(&self, sql: &mut QueryBuilder<'_, Postgres>, table: &str) {
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

/// Which entries are dated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Both,
    Sales,
    Undone,
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

/// The expression of what people call a customer; NULL: nobody knows.
///
/// Names and addresses of accounts are read where they are kept: the tables of sales outlive them.
pub(super) fn customer_label(key: &str) -> String {
    format!(
        "coalesce((SELECT coalesce(nullif(u.name, ''), u.email) FROM users u WHERE u.id = {key}), \
         (SELECT l.label FROM sales_label l WHERE l.dimension = 'customer' AND l.key = {key}))"
    )
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

/// The category of the filter, with those below it unless it says otherwise.
fn push_below(sql: &mut QueryBuilder<'_, Postgres>, column: &str, filter: &Filter) {
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
fn push_signed(sql: &mut QueryBuilder<'_, Postgres>, segments: &[Segment]) {
    sql.push("SELECT g.period, part.currency, part.key, part.customer_type");
    for name in SUMS {
        sql.push(format_args!(", g.sign * part.{name} AS {name}"));
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

/// Sums of the columns [`SUMS`], those of each type of customer, all as 64 bits.
pub(super) fn totals_of(table: &str) -> String {
    let mut columns: Vec<String> = SUMS
        .iter()
        .map(|name| format!("sum({table}.{name})::bigint AS {name}"))
        .collect();
    for kind in ["new", "returning", "guest"] {
        let filter = format!("FILTER (WHERE {table}.customer_type = '{kind}')");
        columns.push(format!(
            "coalesce(sum({table}.orders) {filter}, 0)::bigint AS {kind}_orders"
        ));
        columns.push(format!(
            "coalesce(sum({table}.gross - {table}.discounts - {table}.credits) {filter}, 0)::bigint AS {kind}_net"
        ));
    }
    columns.join(", ")
}

/// The names of what [`totals_of`] makes.
pub(super) const TOTALS: [&str; 13] = [
    "orders",
    "units",
    "gross",
    "discounts",
    "tax",
    "credits",
    "credited_units",
    "new_orders",
    "new_net",
    "returning_orders",
    "returning_net",
    "guest_orders",
    "guest_net",
];
