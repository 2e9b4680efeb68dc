//! The tables of sums.

use chrono::{DateTime, Utc};
use rows::{Column, Index, Row, Sink, Table, Type};
use sqlx::{PgConnection, Row as _};

use crate::arrays::Arrays;
use crate::sales::delta::{Delta, MEASURES, Slot, Sums};
use crate::sales::entry::CustomerType;

const COLUMNS: &[Column] = &[
    Column::new("dimension", Type::Key),
    Column::new("bucket", Type::Time),
    Column::new("currency", Type::Key),
    Column::new("key", Type::Key),
    Column::new("customer_type", Type::Key),
    Column::new(MEASURES[0], Type::BigInt),
    Column::new(MEASURES[1], Type::BigInt),
    Column::new(MEASURES[2], Type::BigInt),
    Column::new(MEASURES[3], Type::BigInt),
    Column::new(MEASURES[4], Type::BigInt),
    Column::new(MEASURES[5], Type::BigInt),
    Column::new(MEASURES[6], Type::BigInt),
    Column::new(MEASURES[7], Type::BigInt),
    Column::new(MEASURES[8], Type::BigInt),
    Column::new(MEASURES[9], Type::BigInt),
    Column::new(MEASURES[10], Type::BigInt),
];

// In this order a report over a period reads one range, and what is written now lies side by side.
const KEY: &str = "dimension, bucket, currency, key, customer_type";

/// What was sold and taken back under a key in a currency: by the quarter of an hour, products by the day.
pub(crate) struct Fine(Slot, Delta);

/// The same by the month of UTC.
pub(crate) struct Month(Slot, Delta);

/// The same by the year of UTC: the products of each country.
pub(crate) struct Year(Slot, Delta);

/// The same by the year of UTC: customers, whatever the types of their orders were.
pub(crate) struct CustomerYear(Slot, Delta);

/// The best customers of a year by net sales, without looking at the others.
const BEST: &[Index] = &[Index {
    suffix: "best",
    definition: "(bucket, currency, (gross - discounts - credits) DESC NULLS LAST, key)",
}];

macro_rules! sums {
    ($row:ident, $view:literal, $indexes:expr) => {
        impl From<(Slot, Delta)> for $row {
            fn from((slot, delta): (Slot, Delta)) -> Self {
                Self(slot, delta)
            }
        }

        impl Row for $row {
            const TABLE: &'static Table = &Table {
                view: $view,
                columns: COLUMNS,
                key: KEY,
                indexes: $indexes,
                fillfactor: 75,
            };

            fn write(&self, sink: &mut impl Sink) {
                write(&self.0, &self.1, sink);
            }
        }
    };
}

sums!(Fine, "sales", &[]);
sums!(Month, "sales_month", &[]);
sums!(Year, "sales_year", &[]);
sums!(CustomerYear, "sales_customer_year", BEST);

fn write(slot: &Slot, delta: &Delta, sink: &mut impl Sink) {
    sink.text(Some(slot.dimension.as_str()));
    sink.time(DateTime::<Utc>::from_timestamp_secs(slot.bucket));
    sink.text(Some(slot.currency.as_str()));
    sink.text(Some(&slot.key));
    sink.text(Some(slot.customer_type.map_or("", CustomerType::as_str)));
    for measure in delta {
        sink.bigint(Some(*measure));
    }
}

/// Adds to the rows, in the order of their keys: two workers that meet in the same rows wait for each other and do not deadlock.
pub(crate) async fn add<R: Row + From<(Slot, Delta)>>(
    version: i32,
    sums: Sums,
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let mut sums: Vec<_> = sums
        .into_iter()
        .filter(|(_, delta)| delta.iter().any(|more| *more != 0))
        .collect();
    if sums.is_empty() {
        return Ok(());
    }
    sums.sort_unstable_by(|left, right| left.0.cmp(&right.0));
    let mut arrays = Arrays::new(R::TABLE);
    for sum in sums {
        arrays.push(&R::from(sum));
    }
    let additions: Vec<_> = MEASURES
        .iter()
        .map(|name| format!("{name} = t.{name} + excluded.{name}"))
        .collect();
    let zeros: Vec<_> = MEASURES.iter().map(|name| format!("t.{name} = 0")).collect();
    let statement = format!(
        "WITH added AS (
             {} ON CONFLICT ({KEY}) DO UPDATE SET {} RETURNING t.ctid::text AS place, {} AS nothing
         )
         SELECT place FROM added WHERE nothing",
        R::TABLE.insert(version),
        additions.join(", "),
        zeros.join(" AND ")
    );
    // A row of zeros is no row, so that it does not matter what was booked before.
    let rows = arrays.fetch(&statement, &mut *connection).await?;
    let nothing: Vec<String> = rows.iter().map(|row| row.try_get("place")).collect::<Result<_, _>>()?;
    if !nothing.is_empty() {
        let statement = format!(
            "DELETE FROM {} WHERE ctid = ANY ($1::text[]::tid[])",
            R::TABLE.name(version)
        );
        sqlx::query(&statement).bind(nothing).execute(connection).await?;
    }
    Ok(())
}
