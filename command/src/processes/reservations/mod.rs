//! Gives back stock that is reserved for nobody: for an order that did not come in time, or for one that was cancelled and whose
//! release did not follow.
//!
//! It reads the whole log but keeps only what is unsettled, which in a busy shop is the few orders between their reservation and their
//! placement: those are folded away in memory before they cost a row. Now and then the cursors and what is unsettled then go to the
//! database in one transaction, so a restart goes on from there.
//!
//! Lanes of the log are read independently, so an order may be seen placed before its stock is seen reserved. What is believed here
//! is therefore only a suspicion; the act decides on the streams themselves (see [`settle`]). That makes it harmless to act twice, and
//! the lease of the process a matter of economy.

mod pending;
mod settle;
mod storage;

use std::time::Duration;

use eventstore::Positions;
use futures::StreamExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::{
    pending::{Due, Pending},
    storage::{Renewed, Storage},
};
use crate::core::Core;

/// Events per read of the log.
const BATCH: usize = 4_096;
/// Between reads when there is something to read: nothing here is urgent, and large batches are cheap.
const PAUSE: Duration = Duration::from_millis(200);
/// Between checkpoints.
const CHECKPOINT: Duration = Duration::from_secs(1);
/// Between renewals of the lease when nothing happens; well under its length.
const RENEWAL: Duration = Duration::from_secs(3);
/// Between attempts to get the lease.
const STANDBY: Duration = Duration::from_secs(2);
/// How long the one who cancelled an order has to release its stock.
const GRACE: Duration = Duration::from_secs(5);
/// Orders settled at once.
const IN_FLIGHT: usize = 16;
/// Orders settled before the log is read again.
const SWEEP: usize = 1_024;

#[derive(Clone)]
pub(crate) struct Reservations {
    core: Core,
    ttl: chrono::Duration,
    grace: chrono::Duration,
}

/// Why the work ended.
enum Ended {
    Stopped,
    LeaseLost,
}

impl Reservations {
    pub(crate) fn new(core: Core, ttl: Duration) -> Self {
        let chrono = |duration| chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX);
        Self {
            core,
            ttl: chrono(ttl),
            grace: chrono(GRACE.min(ttl)),
        }
    }

    /// Works while it has the lease, until `stop`.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let storage = Storage::new(self.core.pool.clone(), (self.core.ids)());
        while !stop.is_cancelled() {
            let pause = match storage.acquire().await {
                Ok(true) => match self.work(&storage, &stop).await {
                    Ok(Ended::Stopped) => return,
                    Ok(Ended::LeaseLost) => STANDBY,
                    Err(error) => {
                        tracing::warn!(error = &*error, "the process manager of reservations starts again");
                        CHECKPOINT
                    }
                },
                Ok(false) => STANDBY,
                Err(error) => {
                    tracing::warn!(%error, "the process manager of reservations cannot reach the database");
                    STANDBY
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn work(
        &self,
        storage: &Storage,
        stop: &CancellationToken,
    ) -> Result<Ended, Box<dyn std::error::Error + Send + Sync>> {
        let log = self.core.store.log();
        let (stored_cursors, mut pending) = storage.load().await?;
        let mut cursors = Positions::start(0..self.core.store.lane_count());
        cursors.merge(&stored_cursors);
        let mut stored_cursors = stored_cursors;
        let mut checkpoint_at = Instant::now();
        loop {
            let events = log.read(&cursors, BATCH).await?;
            for event in &events {
                pending.fold(event);
                cursors.advance(event.lane, event.position);
            }
            // While much is unread, most of what looks due has long been settled further on.
            let caught_up = events.len() < BATCH / 2;
            if caught_up {
                self.sweep(&mut pending).await;
            }
            let stopping = stop.is_cancelled();
            let interval = if cursors == stored_cursors { RENEWAL } else { CHECKPOINT };
            if stopping || checkpoint_at.elapsed() >= interval {
                match storage.checkpoint(&stored_cursors, &cursors, &mut pending).await? {
                    Renewed::Yes => stored_cursors.clone_from(&cursors),
                    Renewed::Lost => return Ok(Ended::LeaseLost),
                }
                checkpoint_at = Instant::now();
            }
            if stopping {
                storage.release().await?;
                return Ok(Ended::Stopped);
            }
            if caught_up {
                let idle = if cursors == stored_cursors && pending.is_empty() {
                    RENEWAL
                } else {
                    CHECKPOINT
                };
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(idle) => {}
                    () = async { log.wait(&cursors).await; tokio::time::sleep(PAUSE).await } => {}
                }
            }
        }
    }

    /// Settles what is due. What fails stays and is due again at the next sweep.
    async fn sweep(&self, pending: &mut Pending) {
        metrics::gauge!("tillroll_reservations_unsettled").set(f64::from(pending.count()));
        let now = self.core.now();
        let due = pending.due(now - self.ttl, now - self.grace, SWEEP);
        let mut settled = futures::stream::iter(due)
            .map(|due: Due| async move {
                let result = settle::settle(&self.core, &due, now).await;
                (due, result)
            })
            .buffer_unordered(IN_FLIGHT);
        while let Some((due, result)) = settled.next().await {
            match result {
                Ok(units_released) => {
                    if units_released {
                        metrics::counter!("tillroll_reservations_released_total").increment(1);
                    }
                    pending.settled(&due);
                }
                Err(error) => {
                    tracing::warn!(order_id = %due.order_id, %error, "stock that is reserved for nobody could not be released yet");
                }
            }
        }
    }
}

/// The process's name in its tables.
const PROCESS: &str = "reservations";

/// Who acts, in the metadata of events.
const ACTOR: &str = "system:reservations";

/// Names one holder of the lease.
type Holder = Uuid;
