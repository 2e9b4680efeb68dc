//! Stock: what is on the shelf of each product, and what of it is kept for orders.

use domain::stock::StockEvent;
use eventstore::Recorded;
use futures::future::BoxFuture;
pub(crate) use rows::StockRow;
use sqlx::PgConnection;

use crate::indexing;
use crate::keyed::{self, Keyed};
use crate::projection::ApplyError;

impl Keyed for StockRow {
    const CODE_VERSION: i32 = 1;
    const AGGREGATE_TYPE: &'static str = "stock";

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
        row.version = recorded.sequence;
        row.updated_at = recorded.occurred_at;
        Some(row)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn apply<'a>(
        version: i32,
        batch: &'a [&'a Recorded],
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            // Search knows of a level only whether there is something to sell.
            let in_stock = |row: Option<&Self>| row.is_some_and(|row| row.on_hand > row.reserved);
            let changed = keyed::apply_and_report(version, batch, in_stock, connection).await?;
            indexing::mark(&changed, connection).await?;
            Ok(())
        })
    }
}
