use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use crate::row::{Arrays, Row, Sink};
use crate::sales::delta::{Delta, Deltas, Entry};
use crate::table::{Column, Table, Type};

/// What was sold and taken back under a key, in a currency, in a quarter of an hour.
pub(crate) struct Bucket {
    key: Entry,
    delta: Delta,
}

impl From<(Entry, Delta)> for Bucket {
    fn from((key, delta): (Entry, Delta)) -> Self {
        Self { key, delta }
    }
}

impl Row for Bucket {
    const TABLE: &'static Table = &Table {
        view: "sales",
        columns: &[
            Column::new("dimension", Type::Key),
            Column::new("key", Type::Key),
            Column::new("currency", Type::Key),
            Column::new("bucket", Type::Time),
            Column::new("orders", Type::BigInt),
            Column::new("units", Type::BigInt),
            Column::new("gross", Type::BigInt),
            Column::new("credits", Type::BigInt),
            Column::new("credited_units", Type::BigInt),
        ],
        // In this order a report over a period reads one range, and what is written now lies side by side.
        key: "dimension, bucket, currency, key",
        indexes: &[],
        fillfactor: 75,
    };

    fn write(&self, sink: &mut impl Sink) {
        sink.text(Some(self.key.dimension.as_str()));
        sink.text(Some(&self.key.key));
        sink.text(Some(self.key.currency.as_str()));
        sink.time(DateTime::<Utc>::from_timestamp_secs(self.key.bucket));
        sink.bigint(Some(self.delta.orders));
        sink.bigint(Some(self.delta.units));
        sink.bigint(Some(self.delta.gross));
        sink.bigint(Some(self.delta.credits));
        sink.bigint(Some(self.delta.credited_units));
    }

    // Sums are only ever added to, never read back.
    fn read(_row: &PgRow) -> Result<Self, sqlx::Error> {
        Err(sqlx::Error::RowNotFound)
    }
}

/// Adds to the rows, in the order of their keys: two workers that meet in the same rows wait for each other and do not deadlock.
pub(crate) async fn add(version: i32, deltas: Deltas, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut buckets: Vec<Bucket> = deltas.into_iter().map(Bucket::from).collect();
    if buckets.is_empty() {
        return Ok(());
    }
    buckets.sort_unstable_by(|left, right| left.key.cmp(&right.key));
    let mut arrays = Arrays::new(Bucket::TABLE);
    for bucket in &buckets {
        arrays.push(bucket);
    }
    let statement = format!(
        "{} ON CONFLICT (dimension, bucket, currency, key) DO UPDATE SET
             orders = t.orders + excluded.orders, units = t.units + excluded.units, gross = t.gross + excluded.gross,
             credits = t.credits + excluded.credits, credited_units = t.credited_units + excluded.credited_units",
        Bucket::TABLE.insert(version)
    );
    arrays.execute(&statement, connection).await
}

/// Adds up the rows that a bulk load left once per flush.
pub(crate) fn seal(version: i32) -> Vec<String> {
    let table = Bucket::TABLE.name(version);
    vec![
        format!("ALTER TABLE {table} RENAME TO {table}_parts"),
        Bucket::TABLE.create(version),
        format!(
            "INSERT INTO {table} (dimension, key, currency, bucket, orders, units, gross, credits, credited_units)
             SELECT dimension, key, currency, bucket, sum(orders), sum(units), sum(gross), sum(credits), sum(credited_units)
             FROM {table}_parts GROUP BY dimension, key, currency, bucket"
        ),
        format!("DROP TABLE {table}_parts"),
    ]
}
