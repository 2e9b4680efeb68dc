//! From rows to requests: batches, a few of them on their way at once, tried again when the service is busy.

use std::collections::{HashSet, VecDeque};

use proto::v1::import_outcome::Kind;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;

use super::deliver::{Delivered, deliver};
use super::error::{Error, RowError, Stop};
use super::item::{Item, Position, Ready};
use super::ledger::{Fate, Ledger};
use super::service::Service;

/// Most rows in a request.
const BATCH_ROWS: usize = 200;
/// Most bytes in a request, roughly; a single larger row goes alone.
const BATCH_BYTES: usize = 1024 * 1024;
/// Requests on their way at once.
const IN_FLIGHT: usize = 4;

/// Sends what the reader hands over and enters each acknowledged batch into the ledger, in the order of the input.
pub(crate) async fn send<S: Service>(
    service: S,
    mut items: Receiver<Result<Item<S::Row>, Error>>,
    ledger: &mut Ledger,
) -> Result<(), Stop> {
    let mut line = Pipeline {
        service,
        position: ledger.position(),
        batch: Batch::default(),
        in_flight: VecDeque::new(),
        pending: HashSet::new(),
    };
    while let Some(item) = items.recv().await {
        line.take(item?, ledger).await?;
    }
    line.dispatch(ledger).await?;
    while !line.in_flight.is_empty() {
        line.settle(ledger).await?;
    }
    Ok(())
}

struct Pipeline<S: Service> {
    service: S,
    position: Position,
    batch: Batch<S::Row>,
    in_flight: VecDeque<InFlight<S::Row>>,
    /// Keys of the rows that are collected or on their way.
    pending: HashSet<String>,
}

struct Batch<R> {
    slots: Vec<Slot<R>>,
    ready: usize,
    size: usize,
}

impl<R> Default for Batch<R> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            ready: 0,
            size: 0,
        }
    }
}

type Slot<R> = Result<Ready<R>, Vec<RowError>>;

struct InFlight<R> {
    slots: Vec<Slot<R>>,
    end: Position,
    task: AbortOnDrop,
}

/// A task that ends with its owner.
struct AbortOnDrop(JoinHandle<Result<Vec<Delivered>, Error>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<S: Service> Pipeline<S> {
    async fn take(&mut self, item: Item<S::Row>, ledger: &mut Ledger) -> Result<(), Stop> {
        if let Ok(ready) = &item.row {
            if self.depends(ready) {
                self.dispatch(ledger).await?;
                while self.depends(ready) {
                    self.settle(ledger).await?;
                }
            }
            if self.batch.size + ready.size > BATCH_BYTES {
                self.dispatch(ledger).await?;
            }
            self.pending.insert(ready.key.clone());
            self.batch.ready += 1;
            self.batch.size += ready.size;
        }
        self.position = Position {
            offset: item.offset,
            line: item.line,
            items: self.position.items + 1,
            rows: self.position.rows + item.rows,
        };
        self.batch.slots.push(item.row);
        if self.batch.slots.len() >= BATCH_ROWS {
            self.dispatch(ledger).await?;
        }
        Ok(())
    }

    /// True when an earlier row must take effect first: one of the same key, or one that this row undoes.
    fn depends(&self, ready: &Ready<S::Row>) -> bool {
        self.pending.contains(&ready.key) || ready.needs.iter().any(|key| self.pending.contains(key))
    }

    /// Puts the collected rows on their way.
    async fn dispatch(&mut self, ledger: &mut Ledger) -> Result<(), Stop> {
        if self.batch.slots.is_empty() {
            return Ok(());
        }
        while self.in_flight.len() >= IN_FLIGHT {
            self.settle(ledger).await?;
        }
        let batch = std::mem::take(&mut self.batch);
        let rows: Vec<_> = batch.slots.iter().flatten().map(|ready| ready.row.clone()).collect();
        let service = self.service.clone();
        let task = tokio::spawn(async move { deliver(&service, &rows).await });
        self.in_flight.push_back(InFlight {
            slots: batch.slots,
            end: self.position,
            task: AbortOnDrop(task),
        });
        Ok(())
    }

    /// Waits for the batch that has been on its way for longest.
    async fn settle(&mut self, ledger: &mut Ledger) -> Result<(), Stop> {
        let Some(mut batch) = self.in_flight.pop_front() else {
            return Ok(());
        };
        let outcomes = (&mut batch.task.0).await.map_err(|_| Error::Interrupted)??;
        let mut outcomes = outcomes.into_iter();
        let mut fates = Vec::with_capacity(batch.slots.len());
        for slot in batch.slots {
            fates.push(match slot {
                Err(errors) => Fate::Rejected(errors),
                Ok(ready) => {
                    self.pending.remove(&ready.key);
                    fate(&ready, outcomes.next())?
                }
            });
        }
        ledger.enter(fates, batch.end)
    }
}

fn fate<R>(ready: &Ready<R>, delivered: Option<Delivered>) -> Result<Fate, Error> {
    let Some(Delivered { outcome, again }) = delivered else {
        return Err(Error::Protocol { sent: 1, answered: 0 });
    };
    match outcome.kind() {
        Kind::Created => Ok(Fate::Created),
        Kind::Updated => Ok(Fate::Updated),
        Kind::Unchanged => Ok(Fate::Unchanged { again }),
        Kind::Rejected => {
            let mistakes = outcome.mistakes.iter();
            let mut errors: Vec<RowError> = mistakes
                .map(|mistake| ready.refused(&mistake.field, &mistake.code, &mistake.message))
                .collect();
            // The mistake belongs to no field, or an older service reports only one.
            if errors.len() < 2 {
                errors = vec![ready.refused(&outcome.field, &outcome.code, &outcome.message)];
            }
            Ok(Fate::Rejected(errors))
        }
        Kind::Unspecified => Err(Error::Protocol { sent: 1, answered: 0 }),
    }
}
