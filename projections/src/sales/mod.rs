//! Sales: sums by quarter of an hour, so that the days of every time zone are sums of rows.
//!
//! Orders of all lanes add to the same rows, therefore everything here commutes: rows are changed by adding, in the order of their
//! keys. Labels of keys are settled by rules that do not depend on the order of arrival either.

mod bucket;
mod bulk;
mod delta;
mod label;

use eventstore::Recorded;
use futures::future::BoxFuture;
use sqlx::PgConnection;

use crate::projection::{ApplyError, Bulk, Projection};
use crate::row::Row;
use crate::table::Table;
use bucket::Bucket;
use bulk::SalesBulk;
use delta::Deltas;
use label::{Label, Labels};

/// The projection `sales`.
pub(crate) struct Sales;

const TABLES: &[Table] = &[*Bucket::TABLE, *Label::TABLE];

impl Projection for Sales {
    fn name(&self) -> &'static str {
        "sales"
    }

    fn code_version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [Table] {
        TABLES
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &["order", "credit", "product"]
    }

    fn apply<'a>(
        &'a self,
        version: i32,
        batch: &'a [&'a Recorded],
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let mut deltas = Deltas::default();
            let mut labels = Labels::default();
            for recorded in batch {
                deltas.add(recorded, &mut labels)?;
            }
            bucket::add(version, deltas, connection).await?;
            label::store(version, labels, connection).await?;
            Ok(())
        })
    }

    fn bulk(&self, version: i32) -> Bulk {
        Bulk::Fold(Box::new(SalesBulk::new(version)))
    }

    fn seal(&self, version: i32) -> Vec<String> {
        let mut statements = bucket::seal(version);
        statements.extend(label::seal(version));
        statements
    }
}
