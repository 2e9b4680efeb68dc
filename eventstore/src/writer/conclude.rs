//! After the commit: readers, snapshots, cache and callers hear of it.

use sqlx::Postgres;
use sqlx::pool::PoolConnection;

use super::attempt::{Durable, Trust, answered};
use super::connection::discard;
use super::decide::{Keys, Verdict};
use super::job::Answer;
use super::settle::fail;
use super::{Queued, Writer};
use crate::idempotency::{StoredOutcome, lookup};
use crate::{Error, IdempotencyKey, TransactError};

impl Writer {
    /// Tells everybody what is now durable.
    pub(super) async fn conclude(
        &mut self,
        connection: PoolConnection<Postgres>,
        batch: &mut Vec<Queued>,
        durable: Durable,
        trust: Trust,
    ) {
        let Durable {
            fold,
            verdicts,
            keys,
            events,
            heads,
        } = durable;
        metrics::counter!("eventstore_events_appended_total").increment(events.len() as u64);
        if !events.is_empty() {
            self.refusal.forget();
            self.tail.publish(events);
        }
        for mut stream in fold.into_streams() {
            if stream.version > stream.base {
                self.snapshots.consider(&mut stream);
            }
            self.cache.put(stream);
        }
        let mut doubtful = Vec::new();
        let mut deferred = Vec::new();
        for (queued, verdict) in batch.drain(..).zip(verdicts) {
            match verdict {
                Verdict::Accepted { stored, offsets } => {
                    let position = |(lane, offset)| (lane, heads.get(lane).unwrap_or_default() + offset);
                    let positions = offsets.into_iter().map(position).collect();
                    let versions = stored.versions;
                    queued.job.answer(Answer::Decided { versions, positions });
                }
                Verdict::Deferred { same_key } => {
                    let suspect = queued.suspect || same_key;
                    deferred.push(Queued { suspect, ..queued });
                }
                refusal if trust != Trust::Nothing && may_be_repetition(&queued, &refusal, &keys) => {
                    doubtful.push((queued, refusal));
                }
                refusal => refuse(queued, refusal),
            }
        }
        for queued in deferred.into_iter().rev() {
            self.deferred.push_front(queued);
        }
        self.refuse_unless_stored(connection, doubtful).await;
    }

    /// What was refused may be the repetition of what was done before: then the caller is to hear that.
    async fn refuse_unless_stored(
        &mut self,
        mut connection: PoolConnection<Postgres>,
        doubtful: Vec<(Queued, Verdict)>,
    ) {
        if doubtful.is_empty() {
            return self.connection.keep(connection);
        }
        let keys = keys_of(doubtful.iter().map(|(queued, _)| queued));
        match answered(self.config.answer_timeout, lookup(&mut connection, self.lanes, &keys)).await {
            Ok(stored) => {
                self.connection.keep(connection);
                for ((queued, refusal), stored) in doubtful.into_iter().zip(stored) {
                    match stored {
                        Some(outcome) => replay(queued, outcome),
                        None => refuse(queued, refusal),
                    }
                }
            }
            Err(error) => {
                discard(connection).await;
                let error = Error::from(error);
                for (queued, _) in doubtful {
                    fail(queued, TransactError::Unavailable(error.clone()));
                }
            }
        }
    }
}

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

/// Whether the repetition of a command that was carried out before this batch could end like this.
fn may_be_repetition(queued: &Queued, verdict: &Verdict, used: &Keys) -> bool {
    let said_no = matches!(
        verdict,
        Verdict::Rejected | Verdict::Failed(TransactError::VersionMismatch { .. })
    );
    let key = queued.job.plan().idempotency.as_ref();
    said_no && key.is_some_and(|key| !used.contains(&(key.scope.clone(), key.key.clone())))
}

fn refuse(queued: Queued, verdict: Verdict) {
    match verdict {
        Verdict::Failed(failure) => fail(queued, failure),
        _ => queued.job.answer(Answer::Decided {
            versions: Vec::new(),
            positions: Vec::new(),
        }),
    }
}
