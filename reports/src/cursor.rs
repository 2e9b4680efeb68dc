//! Rows of a statement, some at a time, however many there are.

use sqlx::postgres::PgRow;
use sqlx::{PgPool, Postgres, QueryBuilder, Transaction};

/// A cursor of PostgreSQL: all rows are of the moment at which it was opened, and neither side holds more of them than were asked for.
pub(super) struct Cursor {
    transaction: Transaction<'static, Postgres>,
}

impl Cursor {
    /// What the statement is pushed to.
    pub(super) fn declare() -> QueryBuilder<'static, Postgres> {
        QueryBuilder::new("DECLARE report NO SCROLL CURSOR FOR ")
    }

    pub(super) async fn open(
        pool: &PgPool,
        mut statement: QueryBuilder<'static, Postgres>,
    ) -> Result<Self, sqlx::Error> {
        let mut transaction = pool.begin().await?;
        // All rows will be wanted, not the first ones soon.
        sqlx::query("SET LOCAL cursor_tuple_fraction = 1")
            .execute(&mut *transaction)
            .await?;
        statement.build().persistent(false).execute(&mut *transaction).await?;
        Ok(Self { transaction })
    }

    /// The next rows; none: that was all.
    pub(super) async fn next(&mut self, most: usize) -> Result<Vec<PgRow>, sqlx::Error> {
        sqlx::query(&format!("FETCH {most} FROM report"))
            .persistent(false)
            .fetch_all(&mut *self.transaction)
            .await
    }
}
