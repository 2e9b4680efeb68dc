//! From a batch to an answer for each of its commands, whatever happens on the way.

use std::sync::Arc;

use sqlx::Error as SqlError;

use super::attempt::{Setback, Trust};
use super::job::{Answer, Failure};
use super::{Queued, Writer};
use crate::{Error, TransactError};

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
        let mut trust = if batch.iter().any(|queued| queued.lost.is_some()) {
            Trust::Nothing
        } else {
            self.company.trust()
        };
        for _ in 0..self.config.attempts.max(2) {
            let Err(setback) = self.attempt(batch, trust).await else {
                if trust == Trust::Cached {
                    self.company.alone();
                }
                return Ok(());
            };
            match setback {
                Setback::Contended => {
                    metrics::counter!("eventstore_conflicts_total").increment(1);
                    self.company.met();
                    trust = Trust::Nothing;
                }
                Setback::Refused(error) => return Err(error),
                Setback::Unavailable(error) => {
                    self.refusal.note(error.clone());
                    fail_all(batch, || TransactError::Unavailable(error.clone()));
                    return Ok(());
                }
                Setback::Unanswered { error, verdicts } => {
                    self.carry_over(batch, verdicts, error);
                    return Ok(());
                }
                Setback::Broken(error) => {
                    tracing::warn!(%error, "the connection broke before a commit; trying again");
                }
            }
            metrics::counter!("eventstore_retries_total").increment(1);
        }
        metrics::counter!("eventstore_conflicts_given_up_total").increment(1);
        fail_all(batch, || TransactError::Conflict);
        Ok(())
    }
}

/// Tells the caller that the command failed; or, when it may be stored and that cannot be found out now, just this.
pub(super) fn fail(queued: Queued, failure: Failure) {
    let failure = match (&queued.lost, failure) {
        (Some(lost), TransactError::Conflict | TransactError::Unavailable(_) | TransactError::Store(_)) => {
            TransactError::Unavailable(Error::OutcomeUnknown(Arc::clone(&lost.error)))
        }
        (_, failure) => failure,
    };
    queued.job.answer(Answer::Failed(failure));
}

fn fail_all(batch: &mut Vec<Queued>, failure: impl Fn() -> Failure) {
    batch.drain(..).for_each(|queued| fail(queued, failure()));
}
