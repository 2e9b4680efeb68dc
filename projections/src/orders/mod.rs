//! Orders with their lines, as they stand.

mod row;

use eventstore::Recorded;
use futures::future::BoxFuture;
use sqlx::PgConnection;

use crate::keyed::{self, KeyedBulk};
use crate::projection::{ApplyError, BulkFold, Projection};
use crate::row::Row;
use crate::table::Table;

pub(crate) use row::OrderRow;

/// The projection `orders`.
pub(crate) struct Orders;

impl Projection for Orders {
    fn name(&self) -> &'static str {
        "orders"
    }

    fn code_version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [Table] {
        std::slice::from_ref(OrderRow::TABLE)
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &["order"]
    }

    fn apply<'a>(
        &'a self,
        version: i32,
        batch: &'a [&'a Recorded],
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(keyed::apply::<OrderRow>(version, batch, connection))
    }

    fn bulk(&self, version: i32) -> Box<dyn BulkFold> {
        Box::new(KeyedBulk::<OrderRow>::new(version))
    }
}
