//! Trouble that is nobody's fault among the events: a database that is away, a disk that is full. The projectors of a process wait
//! and try again; of one outage there are two lines in the log, at its start and at its end.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{counter, gauge};
use rows::words;
use tokio::time::Instant;

use crate::projection::chain;

words! {
    /// What is the matter.
    pub(crate) enum Cause {
        /// The database has no room left.
        DiskFull = "disk_full",
        /// The database cannot be reached, or says that it starts, stops or takes no more connections.
        Unreachable = "unreachable",
        /// Two transactions were in each other's way; the next try settles it.
        Collision = "collision",
        /// Something else that may pass.
        Other = "other",
    }
}

impl Cause {
    fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => match error.code().as_deref() {
                Some("53100") => Self::DiskFull,
                Some(code) if code.starts_with("40") || code == "55P03" => Self::Collision,
                Some(code) if code.starts_with("08") || code.starts_with("57P") || code.starts_with("53") => {
                    Self::Unreachable
                }
                _ => Self::Other,
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unreachable,
            _ => Self::Other,
        }
    }
}

/// Why a step failed that will be tried again.
#[derive(Debug)]
pub(crate) struct Failure {
    cause: Cause,
    reason: String,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self {
            cause: Cause::of(&error),
            reason: chain(&error),
        }
    }
}

impl From<eventstore::Error> for Failure {
    fn from(error: eventstore::Error) -> Self {
        let cause = match &error {
            eventstore::Error::Database(inner) | eventstore::Error::OutcomeUnknown(inner) => Cause::of(inner),
            eventstore::Error::Unreachable => Cause::Unreachable,
            _ => Cause::Other,
        };
        Self {
            cause,
            reason: chain(&error),
        }
    }
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self {
            cause: Cause::Other,
            reason,
        }
    }
}

/// An outage is over when there was no more trouble for this long: a disk that is nearly full lets every other batch through.
const CALM: Duration = Duration::from_secs(5);

/// What the projectors of a process know of the present outage.
#[derive(Default)]
pub(crate) struct Outages(Mutex<Outage>);

#[derive(Default)]
struct Outage {
    /// Who waits.
    waiting: BTreeSet<&'static str>,
    /// Causes that were told of.
    reported: BTreeSet<Cause>,
    /// The first and the last failure.
    between: Option<(Instant, Instant)>,
    tries: u64,
}

impl Outages {
    /// A projector failed and will try again.
    pub(crate) fn failed(&self, name: &'static str, failure: &Failure) {
        let Failure { cause, reason } = failure;
        counter!("projection_retries_total", "projection" => name, "cause" => cause.as_str()).increment(1);
        if *cause == Cause::Collision {
            tracing::debug!(
                projection = name,
                reason,
                "a batch was in another one's way and is tried again"
            );
            return;
        }
        let mut outage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        outage.between = Some((outage.between.map_or(now, |(first, _)| first), now));
        outage.tries += 1;
        if outage.waiting.insert(name) {
            gauge!("projection_stalled", "projection" => name).set(1.0);
        }
        if !outage.reported.insert(*cause) {
            tracing::debug!(projection = name, reason, "projecting failed again");
            return;
        }
        let cause = cause.as_str();
        match failure.cause {
            Cause::DiskFull => tracing::error!(
                projection = name,
                cause,
                reason,
                "the database's disk is full: the read models wait, nothing is lost; free some space"
            ),
            Cause::Unreachable => tracing::error!(
                projection = name,
                cause,
                reason,
                "the database does not answer: the read models wait, nothing is lost"
            ),
            Cause::Collision | Cause::Other => {
                tracing::error!(projection = name, cause, reason, "projecting failed and is tried again");
            }
        }
    }

    /// A projector got through.
    pub(crate) fn succeeded(&self, name: &'static str) {
        let mut outage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if outage.waiting.remove(name) {
            gauge!("projection_stalled", "projection" => name).set(0.0);
        }
        let Some((first, last)) = outage.between else { return };
        if outage.waiting.is_empty() && last.elapsed() >= CALM {
            let tries = std::mem::take(&mut *outage).tries;
            let seconds = last.duration_since(first).as_secs_f64();
            tracing::info!(seconds, tries, "the read models go on");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_over_when_all_got_through_for_a_while() {
        let outages = Outages::default();
        let gone = Failure::from(sqlx::Error::PoolTimedOut);
        assert_eq!(gone.cause, Cause::Unreachable);
        outages.failed("orders", &gone);
        outages.failed("sales", &gone);
        outages.failed("sales", &gone);
        let waiting = |outages: &Outages| outages.0.lock().unwrap().waiting.len();
        assert_eq!((waiting(&outages), outages.0.lock().unwrap().tries), (2, 3));
        outages.succeeded("orders");
        outages.succeeded("users");
        assert_eq!(waiting(&outages), 1);
        outages.succeeded("sales");
        assert_eq!(
            (waiting(&outages), outages.0.lock().unwrap().tries),
            (0, 3),
            "too early to say"
        );
        outages.failed("sales", &gone);
        tokio::time::advance(CALM).await;
        outages.succeeded("orders");
        assert_eq!(
            (waiting(&outages), outages.0.lock().unwrap().tries),
            (1, 4),
            "one still waits"
        );
        outages.succeeded("sales");
        assert_eq!((waiting(&outages), outages.0.lock().unwrap().tries), (0, 0));
        assert!(
            outages.0.lock().unwrap().reported.is_empty(),
            "the next outage is told of again"
        );
    }
}
