//! The rows of an export, read in batches.

use files::write::Row;
use reads::Reads;
use reads::error::Error;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};
use tokio::sync::mpsc;

use crate::cursor::Cursor;
use crate::orders::{Asked, OrderRow};
use crate::orders_table;
use crate::{sales, table};

/// Rows on their way to the file together.
pub(super) const BATCH: usize = 500;

/// The rows of a file: computed already, or found by a statement.
pub(super) enum Rows {
    Ready { rows: Vec<Row>, totals: Vec<Row> },
    Found(Box<dyn Found>),
}

/// Rows that a statement finds, however many, in their order.
pub(super) trait Found: Send + Sync {
    fn push(&self, sql: &mut QueryBuilder<'static, Postgres>);

    /// A row of the file; `None`: what was found is for the end.
    fn take(&mut self, found: &PgRow) -> Result<Option<Row>, Error>;

    fn totals(&mut self) -> Vec<Row>;
}

pub(super) struct FoundOrders {
    pub(super) asked: Asked,
    pub(super) totals: orders_table::Totals,
}

impl Found for FoundOrders {
    fn push(&self, sql: &mut QueryBuilder<'static, Postgres>) {
        self.asked.push_everything(sql);
    }

    fn take(&mut self, found: &PgRow) -> Result<Option<Row>, Error> {
        let order = OrderRow::read(found)?.order;
        self.totals.add(&order);
        Ok(Some(orders_table::row(order, self.asked.zone)))
    }

    fn totals(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.totals).into_rows()
    }
}

pub(super) struct FoundSales {
    pub(super) asked: sales::Asked,
    pub(super) layout: table::Layout,
    pub(super) totals: sales::Totals,
}

impl Found for FoundSales {
    fn push(&self, sql: &mut QueryBuilder<'static, Postgres>) {
        self.asked.push(sql);
    }

    fn take(&mut self, found: &PgRow) -> Result<Option<Row>, Error> {
        let row = self.asked.take(found, &mut self.totals)?;
        Ok(row.map(|row| self.layout.row(&row, false)))
    }

    fn totals(&mut self) -> Vec<Row> {
        let totals = self.asked.totals(std::mem::take(&mut self.totals));
        totals.iter().map(|row| self.layout.row(row, true)).collect()
    }
}

/// On their way to the file.
pub(super) enum Batch {
    Rows(Vec<Row>),
    End(Vec<Row>),
}

pub(super) async fn feed(query: &Reads, rows: Rows, limit: usize, sender: mpsc::Sender<Batch>) -> Result<(), Error> {
    // The receiver says why it takes no more rows.
    match rows {
        Rows::Ready { rows, totals } => {
            let mut rows = rows.into_iter().peekable();
            while rows.peek().is_some() {
                if sender
                    .send(Batch::Rows(rows.by_ref().take(BATCH).collect()))
                    .await
                    .is_err()
                {
                    return Ok(());
                }
            }
            let _ = sender.send(Batch::End(totals)).await;
        }
        Rows::Found(mut found) => {
            let mut sql = Cursor::declare();
            found.push(&mut sql);
            let mut cursor = Cursor::open(query.pool(), sql).await?;
            let mut count = 0;
            loop {
                let some = cursor.next(BATCH).await?;
                if some.is_empty() {
                    break;
                }
                let rows = some.iter().map(|row| found.take(row));
                let rows = rows.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
                count += rows.len();
                if count > limit {
                    return Err(Error::ReportTooLarge { limit });
                }
                if sender.send(Batch::Rows(rows)).await.is_err() {
                    return Ok(());
                }
            }
            let _ = sender.send(Batch::End(found.totals())).await;
        }
    }
    Ok(())
}
