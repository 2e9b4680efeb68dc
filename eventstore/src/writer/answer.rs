//! Answers to the callers of commands.

use std::sync::Arc;

use super::Queued;
use super::decide::Verdict;
use super::job::{Answer, Failure};
use crate::idempotency::StoredOutcome;
use crate::{Error, IdempotencyKey, TransactError};

/// The idempotency keys of commands, all of which have one.
pub(super) fn keys_of<'a>(commands: impl Iterator<Item = &'a Queued>) -> Vec<IdempotencyKey> {
    commands
        .filter_map(|queued| queued.job.plan().idempotency.clone())
        .collect()
}

pub(super) fn replay(queued: Queued, stored: StoredOutcome) {
    let key = queued.job.plan().idempotency.as_ref();
    if key.is_some_and(|key| key.request_hash == stored.request_hash) {
        queued.job.answer(Answer::Replayed(stored));
    } else {
        fail(queued, TransactError::KeyReused);
    }
}

pub(super) fn refuse(queued: Queued, verdict: Verdict) {
    match verdict {
        Verdict::Failed(failure) => fail(queued, failure),
        _ => queued.job.answer(Answer::Decided {
            versions: Vec::new(),
            positions: Vec::new(),
        }),
    }
}

/// Tells the caller that the command failed; or, when it may be stored and that cannot be found out now, just this.
pub(super) fn fail(queued: Queued, failure: Failure) {
    let failure = match (&queued.unanswered, failure) {
        (Some(unanswered), TransactError::Conflict | TransactError::Unavailable(_) | TransactError::Store(_)) => {
            TransactError::Unavailable(Error::OutcomeUnknown(Arc::clone(&unanswered.error)))
        }
        (_, failure) => failure,
    };
    queued.job.answer(Answer::Failed(failure));
}

pub(super) fn fail_all(batch: &mut Vec<Queued>, failure: impl Fn() -> Failure) {
    batch.drain(..).for_each(|queued| fail(queued, failure()));
}
