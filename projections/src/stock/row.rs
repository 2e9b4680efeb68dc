use chrono::{DateTime, Utc};
use domain::stock::StockEvent;
use eventstore::Recorded;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::keyed::{Keyed, sequence};
use crate::row::{Row, Sink};
use crate::table::{Column, Table, Type};

/// The stock of a product that ever had some.
#[derive(Serialize, Deserialize)]
pub(crate) struct StockRow {
    product_id: String,
    on_hand: i64,
    reserved: i64,
    version: i64,
    updated_at: DateTime<Utc>,
}

impl StockRow {
    /// Whether the product can be ordered.
    pub(super) fn in_stock(&self) -> bool {
        self.on_hand > self.reserved
    }
}

impl Row for StockRow {
    const TABLE: &'static Table = &Table {
        view: "stock",
        columns: &[
            Column::new("product_id", Type::Key),
            Column::new("on_hand", Type::BigInt),
            Column::new("reserved", Type::BigInt),
            Column::new("version", Type::BigInt),
            Column::new("updated_at", Type::Time),
        ],
        key: "product_id",
        indexes: &[],
        // Every order updates rows here: with room in the page no index entry has to follow.
        fillfactor: 40,
    };

    fn write(&self, sink: &mut impl Sink) {
        sink.text(Some(&self.product_id));
        sink.bigint(Some(self.on_hand));
        sink.bigint(Some(self.reserved));
        sink.bigint(Some(self.version));
        sink.time(Some(self.updated_at));
    }

    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            product_id: row.try_get(0)?,
            on_hand: row.try_get(1)?,
            reserved: row.try_get(2)?,
            version: row.try_get(3)?,
            updated_at: row.try_get(4)?,
        })
    }
}

impl Keyed for StockRow {
    type Event = StockEvent;

    fn evolve(row: Option<Self>, event: StockEvent, recorded: &Recorded) -> Option<Self> {
        let mut row = row.unwrap_or_else(|| Self {
            product_id: recorded.aggregate_id.to_string(),
            on_hand: 0,
            reserved: 0,
            version: 0,
            updated_at: recorded.occurred_at,
        });
        // Saturating, as in the domain: the log is the truth and folding it must not fail.
        let add = |number: &mut i64, more: i64| *number = number.saturating_add(more);
        match event {
            StockEvent::StockReceived { quantity, .. } => add(&mut row.on_hand, quantity.get()),
            StockEvent::StockAdjusted { delta, .. } => add(&mut row.on_hand, delta),
            StockEvent::StockSet { quantity, .. } => row.on_hand = quantity,
            StockEvent::StockReserved { quantity, .. } => add(&mut row.reserved, quantity.get()),
            StockEvent::StockReleased { quantity, .. } => add(&mut row.reserved, -quantity.get()),
            StockEvent::StockCommitted { quantity, .. } => {
                add(&mut row.reserved, -quantity.get());
                add(&mut row.on_hand, -quantity.get());
            }
        }
        row.version = sequence(recorded);
        row.updated_at = recorded.occurred_at;
        Some(row)
    }

    fn key(&self) -> &str {
        &self.product_id
    }

    fn version(&self) -> i64 {
        self.version
    }
}
