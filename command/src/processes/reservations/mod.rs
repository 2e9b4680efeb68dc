//! Gives back stock that is reserved for nobody: for an order that did not come in time, or for one that was cancelled and whose
//! release did not follow.
//!
//! It reads the whole log but keeps only what is unsettled, which in a busy shop is the few orders between their reservation and their
//! placement: those are folded away in memory before they cost a row.
//!
//! Lanes of the log are read independently, so an order may be seen placed before its stock is seen reserved. What is believed here
//! is therefore only a suspicion; the act decides on the streams themselves (see [`settle`]). That makes it harmless to act twice, and
//! the lease of the process a matter of economy.

mod pending;
mod settle;
mod storage;

use std::time::Duration;

use eventstore::Recorded;
use futures::StreamExt;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

use self::pending::{Due, Pending};
use super::follow::{self, Process};
use crate::core::Core;

/// How long the one who cancelled an order has to release its stock.
const GRACE: Duration = Duration::from_secs(5);
/// The gauge of what is unsettled, where the work is done.
const UNSETTLED: &str = "tillroll_reservations_unsettled";
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
        follow::run(&self.core, self, &stop).await;
    }
}

impl Process for Reservations {
    const NAME: &'static str = "reservations";
    type Memory = Pending;

    async fn load(&self, db: &mut PgConnection) -> Result<Pending, sqlx::Error> {
        storage::load(db).await
    }

    fn fold(&self, pending: &mut Pending, event: &Recorded) {
        pending.fold(event);
    }

    async fn store(&self, pending: &Pending, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        storage::store(pending, db).await
    }

    fn stored(&self, pending: &mut Pending) {
        pending.written();
    }

    fn resign(&self) {
        metrics::gauge!(UNSETTLED).set(0);
    }

    fn rests(&self, pending: &Pending) -> bool {
        pending.is_empty()
    }

    async fn sweep(&self, pending: &mut Pending) {
        metrics::gauge!(UNSETTLED).set(f64::from(pending.count()));
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

/// Who acts, in the metadata of events.
const ACTOR: &str = "system:reservations";
