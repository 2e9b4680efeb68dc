//! Sales: entries, and sums of them.
//!
//! Orders of all lanes add to the same rows, therefore everything here commutes: sums are changed by adding, in the order of their
//! keys; what depends on other streams is booked again when they have been read (`settle`). Labels of keys are settled by rules that do
//! not depend on the order of arrival either.

mod bucket;
mod bulk;
mod customer;
mod delta;
mod entry;
mod fold;
mod label;
mod link;
mod seal;
mod settle;

use eventstore::Recorded;
use futures::future::BoxFuture;
use rows::{Row, Table, words};
use sqlx::PgConnection;

use crate::projection::{ApplyError, BulkFold, Projection};
use bucket::{CustomerYear, Fine, Month, Year};
use bulk::SalesBulk;
use customer::Customer;
use entry::Entry;
use fold::BatchEntries;
use label::Label;
use link::Link;

words! {
    /// What sums are kept by.
    pub(crate) enum Dimension {
        /// A category with those below it.
        Category = "category",
        /// A category without those below it.
        CategoryOwn = "category_own",
        Country = "country",
        /// The products of a country, by the year only.
        CountryProduct = "country_product",
        /// By the month and, for rankings, by the year: within one, a customer has few orders.
        Customer = "customer",
        Product = "product",
        Total = "total",
    }
}

/// The projection `sales`.
pub(crate) struct Sales;

const TABLES: &[Table] = &[
    *Fine::TABLE,
    *Month::TABLE,
    *Year::TABLE,
    *CustomerYear::TABLE,
    *Label::TABLE,
    *Entry::TABLE,
    *Customer::TABLE,
    *Link::TABLE,
];

impl Projection for Sales {
    fn name(&self) -> &'static str {
        "sales"
    }

    fn code_version(&self) -> i32 {
        4
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
            let mut entries = BatchEntries::default();
            for recorded in batch {
                entries.take(recorded)?;
            }
            Ok(settle::settle(version, entries, connection).await?)
        })
    }

    fn bulk(&self, version: i32) -> Box<dyn BulkFold> {
        Box::new(SalesBulk::new(version))
    }

    fn seal(&self, version: i32) -> Vec<String> {
        let mut statements = label::seal(version);
        statements.extend(seal::seal(version));
        statements
    }
}
