//! From a batch to an answer for each of its commands, whatever happens on the way.

use sqlx::Error as SqlError;

use super::answer::fail_all;
use super::batch_error::BatchError;
use super::contention::Trust;
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
        let mut trust = if batch.iter().any(|queued| queued.unanswered.is_some()) {
            Trust::Nothing
        } else {
            self.contention.next_trust()
        };
        for _ in 0..self.config.attempts.max(2) {
            let Err(batch_error) = self.attempt(batch, trust).await else {
                if trust == Trust::Cached {
                    self.contention.record_success();
                }
                return Ok(());
            };
            match batch_error {
                BatchError::Contended => {
                    metrics::counter!("eventstore_conflicts_total").increment(1);
                    self.contention.record_conflict();
                    trust = Trust::Nothing;
                }
                BatchError::Refused(error) => return Err(error),
                BatchError::Unavailable(error) => {
                    self.refusal.record(error.clone());
                    fail_all(batch, || TransactError::Unavailable(error.clone()));
                    return Ok(());
                }
                BatchError::Unanswered { error, verdicts } => {
                    self.carry_over(batch, verdicts, error);
                    return Ok(());
                }
                BatchError::Broken(error) => {
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
