//! Products: the catalogue as it stands.

mod row;

use eventstore::Recorded;
use futures::future::BoxFuture;
use sqlx::PgConnection;

use crate::indexing;
use crate::keyed::{self, KeyedBulk};
use crate::projection::{ApplyError, BulkFold, Projection};
use crate::row::Row;
use crate::table::Table;

pub(crate) use row::ProductRow;

/// The projection `products`.
pub(crate) struct Products;

impl Projection for Products {
    fn name(&self) -> &'static str {
        "products"
    }

    fn code_version(&self) -> i32 {
        2
    }

    fn tables(&self) -> &'static [Table] {
        std::slice::from_ref(ProductRow::TABLE)
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &["product"]
    }

    fn apply<'a>(
        &'a self,
        version: i32,
        batch: &'a [&'a Recorded],
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            keyed::apply::<ProductRow>(version, batch, connection).await?;
            indexing::mark_streams(batch, connection).await?;
            Ok(())
        })
    }

    fn bulk(&self, version: i32) -> Box<dyn BulkFold> {
        Box::new(KeyedBulk::<ProductRow>::new(version))
    }
}
