//! After the commit: readers, snapshots, cache and callers hear of it.

use sqlx::Postgres;
use sqlx::pool::PoolConnection;

use super::answer::{fail, keys_of, refuse, replay};
use super::batch_error::with_timeout;
use super::connection::discard;
use super::contention::Trust;
use super::decide::{Keys, Verdict};
use super::job::Answer;
use super::{Queued, Writer};
use crate::fold::Fold;
use crate::idempotency::lookup;
use crate::{Error, Positions, Recorded, TransactError};

/// A batch that has been committed.
pub(super) struct Durable {
    pub(super) fold: Fold,
    pub(super) verdicts: Vec<Verdict>,
    /// The idempotency keys that it used up.
    pub(super) keys: Keys,
    pub(super) events: Vec<Recorded>,
    /// Of the locked lanes, before the append.
    pub(super) heads: Positions,
}

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
            self.refusal.clear();
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
        match with_timeout(self.config.answer_timeout, lookup(&mut connection, self.lanes, &keys)).await {
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

/// Whether the repetition of a command that was carried out before this batch could end like this.
fn may_be_repetition(queued: &Queued, verdict: &Verdict, used: &Keys) -> bool {
    let was_refused = matches!(
        verdict,
        Verdict::Rejected | Verdict::Failed(TransactError::VersionMismatch { .. })
    );
    let key = queued.job.plan().idempotency.as_ref();
    was_refused && key.is_some_and(|key| !used.contains(&(key.scope.clone(), key.key.clone())))
}
