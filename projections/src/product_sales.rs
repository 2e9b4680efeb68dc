//! Product sales: how many units of each product were sold, ever. What "best-selling" means.
//!
//! Orders of all lanes add to the same rows, so rows are only added to, in the order of their keys. The search indexes take them in now
//! and then (the database function `follow_sales`): an order has nothing to do for its place in the best-selling.

use std::collections::BTreeMap;

use domain::credit::{CreditEvent, CreditLine};
use domain::order::{LineKind, OrderEvent};
use eventstore::Recorded;
use futures::future::BoxFuture;
use rows::{Row, Table, UnitsRow};
use sqlx::PgConnection;

use crate::arrays::Arrays;
use crate::copy::CopyBuffer;
use crate::projection::{ApplyError, BulkFold, Projection};

/// The projection `product_sales`.
pub(crate) struct ProductSales;

impl Projection for ProductSales {
    fn name(&self) -> &'static str {
        "product_sales"
    }

    fn code_version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [Table] {
        std::slice::from_ref(UnitsRow::TABLE)
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &["order", "credit"]
    }

    fn apply<'a>(
        &'a self,
        version: i32,
        batch: &'a [&'a Recorded],
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let mut sums = Sums::default();
            for recorded in batch {
                sums.add(recorded)?;
            }
            if sums.0.is_empty() {
                return Ok(());
            }
            let mut arrays = Arrays::new(UnitsRow::TABLE);
            for row in sums.take() {
                arrays.push(&row);
            }
            let statement = format!(
                "{} ON CONFLICT (product_id) DO UPDATE SET
                     sold = t.sold + excluded.sold, taken_back = t.taken_back + excluded.taken_back",
                UnitsRow::TABLE.insert(version)
            );
            arrays.execute(&statement, connection).await?;
            Ok(())
        })
    }

    fn bulk(&self, version: i32) -> Box<dyn BulkFold> {
        Box::new(SumsBulk {
            version,
            sums: Sums::default(),
        })
    }

    fn seal(&self, version: i32) -> Vec<String> {
        let table = UnitsRow::TABLE.name(version);
        vec![
            format!("ALTER TABLE {table} RENAME TO {table}_parts"),
            UnitsRow::TABLE.create(version),
            format!(
                "INSERT INTO {table} (product_id, sold, taken_back)
                 SELECT product_id, sum(sold), sum(taken_back) FROM {table}_parts GROUP BY product_id"
            ),
            format!("DROP TABLE {table}_parts"),
        ]
    }
}

/// Units by product: sold, and taken back.
#[derive(Default)]
struct Sums(BTreeMap<String, (i64, i64)>);

impl Sums {
    fn add(&mut self, recorded: &Recorded) -> Result<(), ApplyError> {
        let refuse = |error: eventstore::Error| ApplyError::event(recorded, &error);
        match &*recorded.aggregate_type {
            "order" => match recorded.decode().map_err(refuse)? {
                OrderEvent::OrderPlaced(placed) => {
                    for line in placed.lines {
                        self.sold(line.product_id.to_string(), line.quantity.get());
                    }
                }
                OrderEvent::OrderImported(imported) => {
                    for line in imported.lines {
                        if let (LineKind::Product, Some(id)) = (line.kind, line.product_id) {
                            self.sold(id.to_string(), line.quantity);
                        }
                    }
                }
                OrderEvent::OrderCancelled(cancelled) => {
                    for line in cancelled.lines {
                        self.taken_back(line.product_id.to_string(), line.quantity.get());
                    }
                }
                // The credit itself has the lines; an abandoned order was never one.
                OrderEvent::OrderCredited { .. } | OrderEvent::OrderAbandoned { .. } => {}
            },
            "credit" => {
                let CreditEvent::CreditIssued(credit) = recorded.decode().map_err(refuse)?;
                for CreditLine { line, .. } in credit.lines {
                    if let (LineKind::Product, Some(id)) = (line.kind, line.product_id) {
                        self.taken_back(id.to_string(), line.quantity);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    // Saturating: a sum that leaves 64 bits is refused by PostgreSQL when it is added to the row, which parks the event.
    fn sold(&mut self, product: String, units: i64) {
        let sum = self.0.entry(product).or_default();
        sum.0 = sum.0.saturating_add(units);
    }

    fn taken_back(&mut self, product: String, units: i64) {
        let sum = self.0.entry(product).or_default();
        sum.1 = sum.1.saturating_add(units);
    }

    fn take(&mut self) -> impl Iterator<Item = UnitsRow> {
        std::mem::take(&mut self.0)
            .into_iter()
            .map(|(product_id, (sold, taken_back))| UnitsRow {
                product_id,
                sold,
                taken_back,
            })
    }
}

/// Sums in memory; there are not more of them than products. Those of several lanes are added up in the end.
struct SumsBulk {
    version: i32,
    sums: Sums,
}

impl BulkFold for SumsBulk {
    fn push(&mut self, recorded: &Recorded) -> Result<(), ApplyError> {
        self.sums.add(recorded)
    }

    fn pending(&self) -> usize {
        /// About what a sum takes in memory, in bytes.
        const SUM: usize = 128;
        self.sums.0.len() * SUM
    }

    fn flush<'a>(
        &'a mut self,
        _last: bool,
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            let mut buffer = CopyBuffer::default();
            for row in self.sums.take() {
                buffer.push(&row);
            }
            buffer.flush(UnitsRow::TABLE, self.version, connection).await
        })
    }
}
