//! Users: who has an account.

mod row;

use eventstore::Recorded;
use futures::future::BoxFuture;
use sqlx::PgConnection;

use crate::keyed::{self, KeyedBulk};
use crate::projection::{ApplyError, BulkFold, Projection};
use crate::row::Row;
use crate::table::Table;

pub(crate) use row::UserRow;

/// The projection `users`.
pub(crate) struct Users;

impl Projection for Users {
    fn name(&self) -> &'static str {
        "users"
    }

    fn code_version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [Table] {
        std::slice::from_ref(UserRow::TABLE)
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &["user"]
    }

    fn apply<'a>(
        &'a self,
        version: i32,
        batch: &'a [&'a Recorded],
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(keyed::apply::<UserRow>(version, batch, connection))
    }

    fn bulk(&self, version: i32) -> Box<dyn BulkFold> {
        Box::new(KeyedBulk::<UserRow>::new(version))
    }
}
