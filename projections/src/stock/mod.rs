//! Stock: what is on the shelf of each product, and what of it is kept for orders.

mod row;

use eventstore::Recorded;
use futures::future::BoxFuture;
use sqlx::PgConnection;

use crate::indexing;
use crate::keyed::{self, KeyedBulk};
use crate::projection::{ApplyError, BulkFold, Projection};
use crate::row::Row;
use crate::table::Table;

pub(crate) use row::StockRow;

/// The projection `stock`.
pub(crate) struct Stock;

impl Projection for Stock {
    fn name(&self) -> &'static str {
        "stock"
    }

    fn code_version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [Table] {
        std::slice::from_ref(StockRow::TABLE)
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &["stock"]
    }

    fn apply<'a>(
        &'a self,
        version: i32,
        batch: &'a [&'a Recorded],
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            // Search knows of a level only whether there is something to sell.
            let in_stock = |row: Option<&StockRow>| row.is_some_and(StockRow::in_stock);
            let changed = keyed::apply_noting(version, batch, in_stock, connection).await?;
            indexing::mark(&changed, connection).await?;
            Ok(())
        })
    }

    fn bulk(&self, version: i32) -> Box<dyn BulkFold> {
        Box::new(KeyedBulk::<StockRow>::new(version))
    }
}
