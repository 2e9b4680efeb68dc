//! The query that adds up.

use sqlx::{Postgres, QueryBuilder};

use super::calendar::Span;
use super::measure::SUMS;
use super::plan::{Segment, Source, segments};
use super::request::{Filter, Group, Level};
use super::top::Best;

/// A span of time under a number.
pub(super) type Numbered = (i32, Span);

/// What is added up.
pub(super) struct Wanted<'a> {
    pub(super) group: Group,
    pub(super) filter: &'a Filter,
    pub(super) by_order_date: bool,
    pub(super) only: Only<'a>,
    pub(super) spans: Vec<Numbered>,
}

/// Which customers, beside the filter.
#[derive(Clone, Copy)]
pub(super) enum Only<'a> {
    All,
    /// Those that were found to be the first ones.
    Best(&'a Best),
    /// Nobody known, in the currencies of the first ones.
    Guests(&'a Best),
}

/// A dimension that sums are kept by, and the condition that the filter is in it.
struct Kept {
    dimension: &'static str,
    sources: &'static [Source],
}

/// What stands between the country and the product in a key, and what would come next in the order of keys.
const BETWEEN: char = '\u{1f}';
const BEHIND: char = '\u{20}';

const BY_QUARTER: &[Source] = &[Source::Entries, Source::Quarters, Source::Months];
const BY_DAY: &[Source] = &[Source::Entries, Source::Days, Source::Months];
const BY_MONTH: &[Source] = &[Source::Entries, Source::Months];
const BY_YEAR: &[Source] = &[Source::Entries, Source::Years];
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
        // Of few customers the entries are few.
        let few = product.is_some() || customer.is_some() || matches!(self.only, Only::Best(_));
        if few || self.filter.of_discounts() {
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
            (Group::Product, None, Some(_)) => kept("country_product", BY_YEAR),
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
        self.push_segments(&segments, kept.map(|kept| kept.dimension), sql);
    }

    /// The same for segments, of which those of sums are in `dimension`.
    pub(super) fn push_segments(
        &self,
        segments: &[Segment],
        dimension: Option<&'static str>,
        sql: &mut QueryBuilder<'_, Postgres>,
    ) {
        let years = match dimension {
            Some("customer") => "sales_customer_year",
            _ => "sales_year",
        };
        let table_of = |source: Source| match source {
            Source::Entries => "sales_entry",
            Source::Quarters | Source::Days => "sales",
            Source::Months => "sales_month",
            Source::Years => years,
        };
        let of = |table: &str| -> Vec<Segment> {
            let segments = segments.iter().copied();
            segments.filter(|segment| table_of(segment.source) == table).collect()
        };
        let mut union = "";
        if let Some(dimension) = dimension {
            for table in ["sales", "sales_month", years] {
                let segments = of(table);
                if !segments.is_empty() {
                    sql.push(union);
                    self.push_kept(sql, table, dimension, &segments);
                    union = " UNION ALL ";
                }
            }
        }
        let fine = of("sales_entry");
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
        let key = match (self.group, &self.filter.country) {
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
            let column = kept_column(name, self.by_order_date);
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
        self.push_common(sql, "s");
        if let Only::Guests(best) = self.only {
            // Told month by month, currency by currency, so that the index leads to the rows.
            sql.push(
                " AND s.key = '' AND s.bucket = ANY (ARRAY(SELECT month AT TIME ZONE 'UTC' FROM generate_series(\
                 g.since AT TIME ZONE 'UTC', (g.until - interval '1 microsecond') AT TIME ZONE 'UTC', interval '1 month') AS month)) \
                 AND s.currency = ANY (",
            )
            .push_bind(best.currencies.clone())
            .push(")");
        }
        match &self.filter.country {
            Some(country) if self.group == Group::Product => {
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
        sql.push(end);
    }

    fn push_entries(&self, sql: &mut QueryBuilder<'_, Postgres>, segments: &[Segment], side: Side) {
        let (time, kind) = match side {
            Side::Both => ("happened_at", ""),
            Side::Sales => ("happened_at", " AND e.kind = 'sale'"),
            Side::Undone => ("ordered_at", " AND e.kind <> 'sale'"),
        };
        let sold = "FILTER (WHERE e.kind = 'sale')";
        let given = "FILTER (WHERE e.kind <> 'sale')";
        // Every order has one line 0; several lines of it may be of a product or a category, or only others of a discount.
        let orders = if self.filter.of_goods() || self.filter.of_discounts() || self.group.of_lines() {
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
            key = entry_key(self.group),
            joins = entry_joins(self.group),
        ));
        self.push_common(sql, "e");
        push_filter(sql, self.filter);
        match self.only {
            Only::All => {}
            Only::Guests(_) => {
                sql.push(" AND e.customer = ''");
            }
            Only::Best(best) => {
                let (currencies, customers): (Vec<_>, Vec<_>) = best.keys.iter().cloned().unzip();
                sql.push(" AND (e.currency, e.customer) IN (SELECT * FROM unnest(")
                    .push_bind(currencies)
                    .push("::text[], ")
                    .push_bind(customers)
                    .push("::text[]))");
            }
        }
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

/// The same of what rows are compared with.
pub(super) const PREVIOUS: [&str; 13] = [
    "previous_orders",
    "previous_units",
    "previous_gross",
    "previous_discounts",
    "previous_tax",
    "previous_credits",
    "previous_credited_units",
    "previous_new_orders",
    "previous_new_net",
    "previous_returning_orders",
    "previous_returning_net",
    "previous_guest_orders",
    "previous_guest_net",
];
