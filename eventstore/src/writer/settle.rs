//! From a batch to an answer for each of its commands, whatever happens on the way.

use sqlx::Error as SqlError;

use super::attempt::{Setback, Trust};
use super::job::{Answer, Failure};
use super::{Queued, Writer};
use crate::{Error, TransactError};

/// How often a command with an idempotency key is carried over when connections break under it.
const CARRIED: usize = 3;

impl Writer {
    /// Sees to it that every command of `batch` is answered or deferred.
    pub(super) async fn settle(&mut self, batch: Vec<Queued>) {
        let mut batches = vec![batch];
        while let Some(mut batch) = batches.pop() {
            match self.try_repeatedly(&mut batch).await {
                Ok(()) => {}
                // Some command in there is poison. Halved again and again, it ends up alone.
                Err(error) if batch.len() > 1 => {
                    tracing::warn!(%error, commands = batch.len(), "a batch was refused; trying its halves");
                    metrics::counter!("eventstore_bisections_total").increment(1);
                    let second = batch.split_off(batch.len() / 2);
                    batches.extend([second, batch]);
                }
                Err(error) => {
                    let error = Error::from(error);
                    fail_all(&mut batch, || TransactError::Store(error.clone()));
                }
            }
        }
    }

    /// Leaves the batch empty, unless the database refuses some command in it.
    async fn try_repeatedly(&mut self, batch: &mut Vec<Queued>) -> Result<(), SqlError> {
        let mut trust = Trust::Cached;
        for _ in 0..self.config.attempts.max(2) {
            let Err(setback) = self.attempt(batch, trust).await else {
                return Ok(());
            };
            match setback {
                Setback::Contended => {
                    metrics::counter!("eventstore_conflicts_total").increment(1);
                    trust = Trust::Nothing;
                }
                Setback::Refused(error) => return Err(error),
                Setback::Unavailable(error) => {
                    self.refusal.note(error.clone());
                    fail_all(batch, || TransactError::Unavailable(error.clone()));
                    return Ok(());
                }
                Setback::Broken {
                    error,
                    committing: true,
                } => {
                    self.carry_over(batch, error);
                    return Ok(());
                }
                Setback::Broken {
                    error,
                    committing: false,
                } => {
                    tracing::warn!(%error, "the connection broke before a commit; trying again");
                }
            }
            metrics::counter!("eventstore_retries_total").increment(1);
        }
        metrics::counter!("eventstore_conflicts_given_up_total").increment(1);
        fail_all(batch, || TransactError::Conflict);
        Ok(())
    }

    /// The commit may or may not have happened. A command with an idempotency key can find out by running again; another one cannot,
    /// and running it again might do it twice.
    fn carry_over(&mut self, batch: &mut Vec<Queued>, error: SqlError) {
        tracing::warn!(%error, commands = batch.len(), "the connection broke during a commit");
        let error = Error::OutcomeUnknown(error.into());
        for mut queued in batch.drain(..).rev() {
            if queued.job.plan().idempotency.is_some() && queued.carried < CARRIED {
                queued.carried += 1;
                queued.suspect = true;
                self.deferred.push_front(queued);
            } else {
                fail(queued, TransactError::Unavailable(error.clone()));
            }
        }
    }
}

pub(super) fn fail(queued: Queued, failure: Failure) {
    queued.job.answer(Answer::Failed(failure));
}

fn fail_all(batch: &mut Vec<Queued>, failure: impl Fn() -> Failure) {
    batch.drain(..).for_each(|queued| fail(queued, failure()));
}
