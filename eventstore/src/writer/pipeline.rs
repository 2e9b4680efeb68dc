//! The next batch is decided while the last one commits.
//!
//! It is decided on the states that the flight leaves behind if it lands, and takes off only when it has. A flight that fails takes
//! with it everything that was decided on its states: that is all decided again.

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;

use super::attempt::{Durable, Setback, Trust, classify};
use super::connection::discard;
use super::decide::{Decider, Draft, Verdict};
use super::{Queued, Writer};
use crate::append::{Append, AppendError, Receipt};
use crate::fold::{Fold, Stream};
use crate::plan::{Access, PlannedStream};
use crate::stream::{StreamKey, lane_of};

/// A batch that is decided and not yet sent.
#[derive(Default)]
struct Pending {
    batch: Vec<Queued>,
    fold: Fold,
    draft: Draft,
    verdicts: Vec<Verdict>,
}

/// A batch that is being committed.
struct Flight {
    task: JoinHandle<Landing>,
    batch: Vec<Queued>,
    verdicts: Vec<Verdict>,
    /// The append itself is on its way; this is the rest of the draft.
    draft: Draft,
    /// The streams whose cached states are as they will be when it has landed.
    touched: Vec<StreamKey>,
    committing: bool,
}

struct Landing {
    connection: PoolConnection<Postgres>,
    append: Append,
    result: Result<Receipt, AppendError>,
}

impl Writer {
    /// Carries out `batch`, and what arrives meanwhile, until nothing is under way.
    pub(super) async fn fly(&mut self, batch: Vec<Queued>) {
        let mut pending = Pending::default();
        let mut left = self.decide_ahead(&mut pending, batch);
        while !pending.batch.is_empty() {
            let Some(mut flight) = self.take_off(std::mem::take(&mut pending)).await else {
                break;
            };
            let mut next = Pending::default();
            let landing = self.gather_until_landed(&mut flight, &mut next, &mut left).await;
            match self.land(flight, landing).await {
                Ok(()) => pending = next,
                Err((failed, setback)) => {
                    self.settle_after(failed, Some(setback)).await;
                    left.splice(0..0, next.batch);
                    break;
                }
            }
        }
        // Taken out for commands that then had to wait; nothing was decided on them.
        for stream in pending.fold.into_streams() {
            self.cache.put(stream);
        }
        if !left.is_empty() {
            self.settle(left).await;
        }
    }

    /// Decides what arrives while the flight is under way. What cannot be decided ahead is `left`, with all that follows it.
    async fn gather_until_landed(
        &mut self,
        flight: &mut Flight,
        next: &mut Pending,
        left: &mut Vec<Queued>,
    ) -> Result<Landing, JoinError> {
        let room = self.config.batch_commands.max(1);
        let mut open = self.deferred.is_empty();
        loop {
            let accepts = open && left.is_empty() && next.batch.len() < room;
            tokio::select! {
                biased;
                landing = &mut flight.task => return landing,
                job = self.queue.recv(), if accepts => {
                    let Some(job) = job else {
                        open = false;
                        continue;
                    };
                    let mut arrived = vec![Queued::new(job)];
                    while next.batch.len() + arrived.len() < room && let Ok(job) = self.queue.try_recv() {
                        arrived.push(Queued::new(job));
                    }
                    arrived.retain(|queued| !queued.job.abandoned());
                    *left = self.decide_ahead(next, arrived);
                }
            }
        }
    }

    /// Decides commands as far as memory serves; returns the first that needs the database, and all after it.
    fn decide_ahead(&mut self, pending: &mut Pending, mut batch: Vec<Queued>) -> Vec<Queued> {
        let known = batch
            .iter()
            .position(|queued| !self.in_memory(queued, &mut pending.fold))
            .unwrap_or(batch.len());
        let left = batch.split_off(known);
        let decider = Decider {
            lanes: self.lanes,
            batch_bytes: self.config.batch_bytes,
            upcasters: &self.config.upcasters,
            fold: &mut pending.fold,
            draft: &mut pending.draft,
        };
        pending.verdicts.extend(decider.run(&mut batch));
        pending.batch.extend(batch);
        left
    }

    /// Whether a command can be decided now: its streams are in memory, and none of them waits for its snapshot to be taken, which
    /// needs a state that is known to be stored. Moves the streams into the fold.
    fn in_memory(&mut self, queued: &Queued, fold: &mut Fold) -> bool {
        let streams = &queued.job.plan().streams;
        !queued.suspect
            && !streams.is_empty()
            && streams.iter().all(|planned| {
                let PlannedStream {
                    key,
                    kind,
                    access,
                    expected,
                } = planned;
                if let Some(place) = fold.place(key) {
                    return expected.is_none_or(|expected| expected <= fold.version(place));
                }
                let usable = |stream: &Stream| expected.is_none_or(|expected| expected <= stream.version);
                match self.cache.take(key).filter(usable) {
                    Some(stream) => {
                        let due = self.snapshots.is_due(&stream);
                        fold.insert(stream);
                        !due
                    }
                    None if *access == Access::Create => {
                        fold.insert(Stream::empty(
                            key.clone(),
                            kind.clone(),
                            lane_of(&key.aggregate_id, self.lanes),
                        ));
                        true
                    }
                    None => false,
                }
            })
    }

    /// Sends a decided batch off. Its states go back to the cache as if it had been committed, for the next batch to stand on. `None`
    /// when there is no connection; then everybody has been told.
    async fn take_off(&mut self, pending: Pending) -> Option<Flight> {
        let Pending {
            batch,
            fold,
            mut draft,
            verdicts,
        } = pending;
        let mut connection = match self.connection.take().await {
            Ok(connection) => connection,
            Err(error) => {
                self.settle_after(batch, Some(Setback::Unavailable(error))).await;
                return None;
            }
        };
        let checks = fold.checks();
        let touched = checks.iter().map(|check| check.key.clone()).collect();
        fold.into_streams()
            .into_iter()
            .for_each(|stream| self.cache.put(stream));
        let mut append = std::mem::take(&mut draft.append);
        let committing = !append.is_empty();
        let task = tokio::spawn(async move {
            let started = Instant::now();
            let result = append.send(&mut connection, &checks).await;
            metrics::histogram!("eventstore_commit_seconds").record(started.elapsed());
            Landing {
                connection,
                append,
                result,
            }
        });
        Some(Flight {
            task,
            batch,
            verdicts,
            draft,
            touched,
            committing,
        })
    }

    /// Tells everybody how it went; hands back the batch when it did not.
    async fn land(
        &mut self,
        flight: Flight,
        landing: Result<Landing, JoinError>,
    ) -> Result<(), (Vec<Queued>, Setback)> {
        let Flight {
            mut batch,
            verdicts,
            draft,
            touched,
            committing,
            ..
        } = flight;
        let setback = match landing {
            Ok(Landing {
                connection,
                append,
                result: Ok(receipt),
            }) => {
                let durable = Durable {
                    fold: Fold::default(),
                    verdicts,
                    keys: draft.keys,
                    events: append.into_stored(&receipt),
                    heads: receipt.heads,
                };
                self.conclude(connection, &mut batch, durable, Trust::Cached).await;
                return Ok(());
            }
            Ok(Landing {
                connection,
                result: Err(error),
                ..
            }) => {
                let setback = match error {
                    AppendError::Contended => Setback::Contended,
                    AppendError::Sql(error) => classify(error, committing),
                };
                match setback {
                    Setback::Broken { .. } => discard(connection).await,
                    _ => self.connection.keep(connection),
                }
                setback
            }
            Err(_) => Setback::Broken {
                error: sqlx::Error::WorkerCrashed,
                committing,
            },
        };
        for key in touched {
            self.cache.take(&key);
        }
        Err((batch, setback))
    }
}
