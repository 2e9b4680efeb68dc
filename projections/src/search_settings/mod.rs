//! Search settings: what the shop has set about its search, one row.

mod row;

use eventstore::Recorded;
use futures::future::BoxFuture;
use sqlx::PgConnection;

use crate::keyed::{self, KeyedBulk};
use crate::projection::{ApplyError, BulkFold, Projection};
use crate::row::Row;
use crate::table::Table;

pub(crate) use row::SearchSettingsRow;

/// The projection `search_settings`.
pub(crate) struct ShopSearch;

impl Projection for ShopSearch {
    fn name(&self) -> &'static str {
        "search_settings"
    }

    fn code_version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [Table] {
        std::slice::from_ref(SearchSettingsRow::TABLE)
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &["search_settings"]
    }

    fn apply<'a>(
        &'a self,
        version: i32,
        batch: &'a [&'a Recorded],
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(keyed::apply::<SearchSettingsRow>(version, batch, connection))
    }

    fn bulk(&self, version: i32) -> Box<dyn BulkFold> {
        Box::new(KeyedBulk::<SearchSettingsRow>::new(version))
    }
}
