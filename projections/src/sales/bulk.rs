use eventstore::Recorded;
use futures::future::BoxFuture;
use sqlx::PgConnection;

use crate::copy::CopyBuffer;
use crate::projection::{ApplyError, BulkFold};
use crate::row::Row;
use crate::sales::bucket::Bucket;
use crate::sales::delta::Deltas;
use crate::sales::label::{Label, Labels};

/// About what a sum takes in memory, in bytes.
const SUM: usize = 256;

/// Sums in memory and copies them out when they get many; the sums of several flushes are added up in the end.
pub(crate) struct SalesBulk {
    version: i32,
    deltas: Deltas,
    labels: Labels,
}

impl SalesBulk {
    pub(crate) fn new(version: i32) -> Self {
        Self {
            version,
            deltas: Deltas::default(),
            labels: Labels::default(),
        }
    }
}

impl BulkFold for SalesBulk {
    fn push(&mut self, recorded: &Recorded) -> Result<(), ApplyError> {
        self.deltas.add(recorded, &mut self.labels)
    }

    fn pending(&self) -> usize {
        self.deltas.len() * SUM
    }

    fn flush<'a>(&'a mut self, last: bool, connection: &'a mut PgConnection) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            let mut buffer = CopyBuffer::default();
            for entry in std::mem::take(&mut self.deltas) {
                buffer.push(&Bucket::from(entry));
            }
            buffer.flush(Bucket::TABLE, self.version, connection).await?;
            // A product's label is complete only with its stream, so labels stay until the end; there are not many.
            if last {
                for label in self.labels.take_whole() {
                    buffer.push(&label);
                }
                buffer.flush(Label::TABLE, self.version, connection).await?;
            }
            Ok(())
        })
    }
}
