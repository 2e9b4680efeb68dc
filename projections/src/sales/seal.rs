//! From the entries of all of history to everything that follows from them, by the same rules as `settle`.

use rows::{Row as _, Table};

use crate::sales::Dimension;
use crate::sales::bucket::{CustomerYear, Fine, Month, Year};
use crate::sales::customer::Customer;
use crate::sales::delta::MEASURES;
use crate::sales::entry::Entry;
use crate::sales::link::Link;

/// The statements, in their order.
pub(crate) fn seal(version: i32) -> Vec<String> {
    let mut statements = customers(version);
    statements.extend(links(version));
    statements.extend(entries(version));
    statements.extend(sums(version));
    statements
}

fn customers(version: i32) -> Vec<String> {
    vec![
        format!(
            "INSERT INTO {} (customer_id, first_at, first_order)
             SELECT DISTINCT ON (customer) customer, happened_at, order_id FROM {}
             WHERE kind = 'sale' AND customer <> '' AND line = 0 ORDER BY customer, happened_at, order_id",
            Customer::TABLE.name(version),
            Entry::TABLE.name(version)
        ),
        format!("ANALYZE {}", Customer::TABLE.name(version)),
    ]
}

fn links(version: i32) -> Vec<String> {
    let (link, entry, customer) = (
        Link::TABLE.name(version),
        Entry::TABLE.name(version),
        Customer::TABLE.name(version),
    );
    vec![
        format!("ALTER TABLE {link} RENAME TO {link}_parts"),
        Link::TABLE.create(version),
        format!(
            "INSERT INTO {link} (order_id, credit_id, ordered_at, customer_type)
             SELECT p.order_id, p.credit_id, p.ordered_at, CASE
                 WHEN p.ordered_at IS NULL THEN NULL
                 WHEN s.customer = '' THEN 'guest'
                 WHEN c.first_order = p.order_id THEN 'new' ELSE 'returning' END
             FROM (SELECT order_id, credit_id, max(ordered_at) AS ordered_at FROM {link}_parts GROUP BY 1, 2) p
             LEFT JOIN {entry} s ON s.order_id = p.order_id AND s.kind = 'sale' AND s.line = 0
             LEFT JOIN {customer} c ON c.customer_id = s.customer"
        ),
        format!("DROP TABLE {link}_parts"),
        format!("ANALYZE {link}"),
    ]
}

fn entries(version: i32) -> Vec<String> {
    let (link, entry, customer) = (
        Link::TABLE.name(version),
        Entry::TABLE.name(version),
        Customer::TABLE.name(version),
    );
    let columns: Vec<_> = Entry::TABLE
        .columns
        .iter()
        .map(|column| match column.name {
            "ordered_at" => "coalesce(l.ordered_at, p.ordered_at)".to_owned(),
            "customer_type" => "CASE WHEN p.kind = 'credit'
                     THEN coalesce(l.customer_type, CASE WHEN p.customer = '' THEN 'guest' ELSE 'returning' END)
                 WHEN p.customer = '' THEN 'guest'
                 WHEN c.first_order = p.order_id THEN 'new' ELSE 'returning' END"
                .to_owned(),
            name => format!("p.{name}"),
        })
        .collect();
    vec![
        format!("ALTER TABLE {entry} RENAME TO {entry}_parts"),
        Entry::TABLE.create(version),
        // In the order of time, so that a period lies in few pages.
        format!(
            "INSERT INTO {entry} ({}) SELECT {} FROM {entry}_parts p
             LEFT JOIN {link} l ON p.kind = 'credit' AND l.order_id = p.order_id AND l.credit_id = p.document
             LEFT JOIN {customer} c ON c.customer_id = p.customer ORDER BY p.happened_at",
            Entry::TABLE.column_list(),
            columns.join(", ")
        ),
        format!("DROP TABLE {entry}_parts"),
        format!("ANALYZE {entry}"),
    ]
}

/// A row of zeros is no row.
fn any_nonzero(table: &Table, version: i32) -> String {
    let zeros: Vec<_> = MEASURES.iter().map(|name| format!("{name} = 0")).collect();
    format!("DELETE FROM {} WHERE {}", table.name(version), zeros.join(" AND "))
}

fn sums(version: i32) -> Vec<String> {
    let fine = [
        (Dimension::Total, "''", Count::Documents),
        (Dimension::Country, "country", Count::Documents),
        (Dimension::Product, "product", Count::Orders),
        (Dimension::CategoryOwn, "category", Count::Orders),
        (Dimension::Category, "path", Count::Orders),
    ];
    let mut statements: Vec<String> = fine
        .into_iter()
        .map(|(dimension, key, count)| from_entries(Fine::TABLE, version, dimension, key, count))
        .collect();
    statements.push(from_entries(
        Month::TABLE,
        version,
        Dimension::Customer,
        "customer",
        Count::Documents,
    ));
    let added: Vec<_> = MEASURES.iter().map(|name| format!("sum({name})")).collect();
    statements.push(format!(
        "INSERT INTO {} (dimension, bucket, currency, key, customer_type, {})
         SELECT dimension, date_trunc('month', bucket, 'UTC'), currency, key, customer_type, {}
         FROM {} GROUP BY 1, 2, 3, 4, 5",
        Month::TABLE.name(version),
        MEASURES.join(", "),
        added.join(", "),
        Fine::TABLE.name(version)
    ));
    statements.push(format!(
        "INSERT INTO {} (dimension, bucket, currency, key, customer_type, {})
         SELECT dimension, date_trunc('year', bucket, 'UTC'), currency, key, '', {}
         FROM {} WHERE dimension = 'customer' GROUP BY 1, 2, 3, 4",
        CustomerYear::TABLE.name(version),
        MEASURES.join(", "),
        added.join(", "),
        Month::TABLE.name(version)
    ));
    statements.push(from_entries(
        Year::TABLE,
        version,
        Dimension::CountryProduct,
        "country || chr(31) || product",
        Count::Orders,
    ));
    for table in [Fine::TABLE, Month::TABLE, Year::TABLE, CustomerYear::TABLE] {
        statements.push(any_nonzero(table, version));
    }
    statements
}

/// How orders are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    /// Every document has one line 0.
    Documents,
    /// Several lines of an order may have the key.
    Orders,
}

fn from_entries(table: &Table, version: i32, dimension: Dimension, key: &str, count: Count) -> String {
    let bucket = match dimension {
        Dimension::Customer => "date_trunc('month', at, 'UTC')",
        Dimension::CountryProduct => "date_trunc('year', at, 'UTC')",
        Dimension::Product => "date_trunc('day', at, 'UTC')",
        _ => "date_bin('15 minutes', at, '0001-01-01 00:00:00+00')",
    };
    let (orders, traded) = match count {
        Count::Documents => ("count(*) FILTER (WHERE sold AND line = 0)", "TRUE"),
        Count::Orders => ("count(DISTINCT order_id) FILTER (WHERE sold)", "product <> ''"),
    };
    let paths = if dimension == Dimension::Category {
        "CROSS JOIN LATERAL (
             SELECT array_to_string((string_to_array(category, '/'))[1:level], '/') COLLATE \"C\" AS path
             FROM generate_series(1, greatest(1, cardinality(string_to_array(category, '/')))) level) AS above"
    } else {
        ""
    };
    format!(
        "INSERT INTO {table} (dimension, bucket, currency, key, customer_type, {measures})
         SELECT '{dimension}', {bucket}, currency, {key}, customer_type, {orders},
             coalesce(sum(units) FILTER (WHERE sold), 0), coalesce(sum(amount) FILTER (WHERE sold), 0),
             sum(discounts), coalesce(sum(tax) FILTER (WHERE sold), 0),
             coalesce(sum(amount) FILTER (WHERE given), 0), coalesce(sum(units) FILTER (WHERE given), 0),
             coalesce(sum(tax) FILTER (WHERE given), 0),
             coalesce(sum(amount) FILTER (WHERE undone), 0), coalesce(sum(units) FILTER (WHERE undone), 0),
             coalesce(sum(tax) FILTER (WHERE undone), 0)
         FROM (
             SELECT *, happened_at AS at, kind = 'sale' AS sold, kind <> 'sale' AS given, FALSE AS undone FROM {entry}
             UNION ALL
             SELECT *, ordered_at, FALSE, FALSE, TRUE FROM {entry} WHERE kind <> 'sale'
         ) AS moves {paths}
         WHERE {traded} GROUP BY 2, 3, 4, 5",
        table = table.name(version),
        measures = MEASURES.join(", "),
        dimension = dimension.as_str(),
        entry = Entry::TABLE.name(version),
    )
}
