//! All of history: entries are copied as they are folded; everything else is derived from them at the end.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use eventstore::Recorded;
use futures::future::BoxFuture;
use rows::Row as _;
use sqlx::PgConnection;

use crate::copy::CopyBuffer;
use crate::projection::{ApplyError, BulkFold};
use crate::sales::entry::{Entry, Kind};
use crate::sales::fold::BatchEntries;
use crate::sales::label::Label;
use crate::sales::link::Link;

/// About what an entry takes in memory, in bytes.
const ENTRY: usize = 512;

pub(crate) struct SalesBulk {
    version: i32,
    batch: BatchEntries,
    links: Vec<Link>,
    /// The order at hand, and when it was placed.
    sale: Option<(Arc<str>, DateTime<Utc>)>,
}

impl SalesBulk {
    pub(crate) fn new(version: i32) -> Self {
        Self {
            version,
            batch: BatchEntries::default(),
            links: Vec::new(),
            sale: None,
        }
    }

    fn placed(&self, order: &str) -> Option<DateTime<Utc>> {
        self.sale.as_ref().filter(|(id, _)| &**id == order).map(|(_, at)| *at)
    }
}

impl BulkFold for SalesBulk {
    fn push(&mut self, recorded: &Recorded) -> Result<(), ApplyError> {
        let start = self.batch.entries.len();
        self.batch.take(recorded)?;
        for index in start..self.batch.entries.len() {
            let Some((kind, order, at)) = self
                .batch
                .entries
                .get(index)
                .map(|entry| (entry.kind, entry.order_id.clone(), entry.happened_at))
            else {
                continue;
            };
            match kind {
                Kind::Sale => self.sale = Some((Arc::clone(&recorded.aggregate_id), at)),
                Kind::Cancellation => {
                    let placed = self.placed(&order);
                    if let (Some(placed), Some(entry)) = (placed, self.batch.entries.get_mut(index)) {
                        entry.ordered_at = placed;
                    }
                }
                Kind::Credit if !order.is_empty() => self.links.push(Link {
                    order_id: order,
                    credit_id: recorded.aggregate_id.to_string(),
                    ordered_at: None,
                    customer_type: None,
                }),
                Kind::Credit => {}
            }
        }
        for (order_id, credit_id) in std::mem::take(&mut self.batch.credited) {
            let ordered_at = self.placed(&order_id);
            self.links.push(Link {
                order_id,
                credit_id,
                ordered_at,
                customer_type: None,
            });
        }
        Ok(())
    }

    fn pending(&self) -> usize {
        (self.batch.entries.len() + self.links.len()) * ENTRY
    }

    fn flush<'a>(&'a mut self, last: bool, connection: &'a mut PgConnection) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            let mut buffer = CopyBuffer::default();
            for entry in std::mem::take(&mut self.batch.entries) {
                buffer.push(&entry);
            }
            buffer.flush(Entry::TABLE, self.version, connection).await?;
            for link in std::mem::take(&mut self.links) {
                buffer.push(&link);
            }
            buffer.flush(Link::TABLE, self.version, connection).await?;
            // A product's label is complete only with its stream, so labels stay until the end; there are not many.
            if last {
                for label in self.batch.labels.take_whole() {
                    buffer.push(&label);
                }
                buffer.flush(Label::TABLE, self.version, connection).await?;
            }
            Ok(())
        })
    }
}
