//! One try at a batch: load what is not in memory, decide, append, and only then answer.

use std::collections::HashSet;

use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, PgConnection, Postgres};
use tokio::time::Instant;

use super::answer::{keys_of, replay};
use super::batch_error::{BatchError, classify, with_timeout};
use super::conclude::Durable;
use super::connection::discard;
use super::contention::Trust;
use super::decide::Decider;
use super::{Queued, Writer};
use crate::Positions;
use crate::append::AppendError;
use crate::fold::{Fold, Stream};
use crate::idempotency::lookup;
use crate::load::{Loader, StreamRequest};
use crate::plan::{Access, PlannedStream};
use crate::stream::lane_of;

impl Writer {
    /// Tries `batch`. When it is through, every command in it has been answered or deferred.
    pub(super) async fn attempt(&mut self, batch: &mut Vec<Queued>, trust: Trust) -> Result<(), BatchError> {
        let (mut connection, same) = self.connection.take().await.map_err(BatchError::Unavailable)?;
        if !same {
            self.cache.clear();
        }
        let tried = match trust {
            Trust::Cached => self.commit(&mut connection, batch, trust).await,
            Trust::Shared | Trust::Nothing => self.commit_locked(&mut connection, batch, trust).await,
        };
        match tried {
            Ok(durable) => {
                self.conclude(connection, batch, durable, trust).await;
                Ok(())
            }
            Err(batch_error) => {
                match batch_error {
                    BatchError::Broken(_) | BatchError::Unanswered { .. } => {
                        discard(connection).await;
                    }
                    _ => self.connection.keep(connection),
                }
                Err(batch_error)
            }
        }
    }

    /// The pessimistic way: the same within a transaction that holds every planned lane from before the streams are loaded.
    async fn commit_locked(
        &mut self,
        connection: &mut PoolConnection<Postgres>,
        batch: &mut Vec<Queued>,
        trust: Trust,
    ) -> Result<Durable, BatchError> {
        let limit = self.config.answer_timeout;
        // A session that we lost while it held the locks, and that the server still believes in, must not hold them for ever.
        let idle = limit.as_millis() / 2;
        let begin = format!("BEGIN; SET LOCAL idle_in_transaction_session_timeout = {idle}");
        let mut transaction = with_timeout(limit, connection.begin_with(begin))
            .await
            .map_err(classify)?;
        let planned = batch.iter().flat_map(|queued| &queued.job.plan().streams);
        let lanes: Vec<i32> = planned
            .map(|planned| lane_of(&planned.key.aggregate_id, self.lanes).cast_signed())
            .collect();
        let lock = sqlx::query("SELECT FROM lanes WHERE lane = ANY ($1) ORDER BY lane FOR NO KEY UPDATE").bind(lanes);
        with_timeout(limit, lock.execute(&mut *transaction))
            .await
            .map_err(classify)?;
        let durable = self.commit(&mut transaction, batch, trust).await?;
        match with_timeout(limit, transaction.commit()).await {
            Ok(()) => Ok(durable),
            Err(error) => Err(classify(error).unanswered(durable.verdicts)),
        }
    }

    async fn commit(
        &mut self,
        db: &mut PgConnection,
        batch: &mut Vec<Queued>,
        trust: Trust,
    ) -> Result<Durable, BatchError> {
        let limit = self.config.answer_timeout;
        with_timeout(limit, self.answer_stored(db, batch))
            .await
            .map_err(classify)?;
        with_timeout(limit, self.answer_replays(db, batch, trust))
            .await
            .map_err(classify)?;
        let (mut fold, requests) = self.gather(batch, trust);
        if trust == Trust::Shared && !fold.streams().is_empty() {
            let refreshed = self.loader().refresh(db, fold.streams_mut());
            with_timeout(limit, refreshed).await.map_err(classify)?;
        }
        with_timeout(limit, self.load(db, &mut fold, requests))
            .await
            .map_err(classify)?;
        let decider = Decider::new(self.lanes, self.config.batch_bytes, &mut fold);
        let (mut append, verdicts, keys) = decider.run(batch);
        if append.is_empty() && fold.streams().is_empty() {
            return Ok(Durable {
                fold,
                verdicts,
                keys,
                events: Vec::new(),
                heads: Positions::new(),
            });
        }
        let committing = !append.is_empty();
        let started = Instant::now();
        let receipt = match with_timeout(limit, append.send(db, fold.streams())).await {
            Ok(receipt) => receipt,
            Err(AppendError::Contended) => return Err(BatchError::Contended),
            Err(AppendError::Sql(error)) if committing => return Err(classify(error).unanswered(verdicts)),
            Err(AppendError::Sql(error)) => return Err(classify(error)),
        };
        metrics::histogram!("eventstore_commit_seconds").record(started.elapsed());
        let events = append.into_stored(&receipt);
        Ok(Durable {
            fold,
            verdicts,
            keys,
            events,
            heads: receipt.heads,
        })
    }

    /// Answers the commands that were carried out before, and takes them out of the batch.
    async fn answer_replays(
        &mut self,
        db: &mut PgConnection,
        batch: &mut Vec<Queued>,
        trust: Trust,
    ) -> Result<(), sqlx::Error> {
        let doubtful =
            |queued: &Queued| (queued.suspect || trust == Trust::Nothing) && queued.job.plan().idempotency.is_some();
        let places: Vec<usize> = (0..batch.len()).filter(|place| doubtful(&batch[*place])).collect();
        if places.is_empty() {
            return Ok(());
        }
        let stored = lookup(db, self.lanes, &keys_of(places.iter().map(|place| &batch[*place]))).await?;
        let mut stored = places.into_iter().zip(stored).peekable();
        for (place, queued) in std::mem::take(batch).into_iter().enumerate() {
            match stored.next_if(|(of, _)| *of == place) {
                Some((_, Some(outcome))) => replay(queued, outcome),
                _ => batch.push(queued),
            }
        }
        Ok(())
    }

    /// Gathers the planned streams: from the cache where that will do; the others are yet to be loaded.
    fn gather(&mut self, batch: &[Queued], trust: Trust) -> (Fold, Vec<StreamRequest>) {
        let mut fold = Fold::default();
        let mut requests = Vec::new();
        let mut requested = HashSet::new();
        for planned in batch.iter().flat_map(|queued| &queued.job.plan().streams) {
            if fold.place(&planned.key).is_some() || requested.contains(&planned.key) {
                continue;
            }
            let PlannedStream {
                key,
                kind,
                access,
                expected,
            } = planned.clone();
            let lane = lane_of(&key.aggregate_id, self.lanes);
            // A caller that knows a later version than we do is right: another process wrote.
            let usable = |stream: &Stream| match trust {
                Trust::Cached => expected.is_none_or(|expected| expected <= stream.version),
                Trust::Shared => true,
                Trust::Nothing => false,
            };
            match self.cache.take(&key).filter(usable) {
                Some(stream) => fold.insert(stream),
                None if trust != Trust::Nothing && access == Access::Create => {
                    fold.insert(Stream::empty(key, kind, lane));
                }
                None => {
                    requested.insert(key.clone());
                    requests.push(StreamRequest { key, kind, lane });
                }
            }
        }
        (fold, requests)
    }

    fn loader(&self) -> Loader {
        Loader {
            revision: self.config.snapshots.revision,
        }
    }

    /// Loads what the cache did not have, in one query.
    async fn load(
        &mut self,
        db: &mut PgConnection,
        fold: &mut Fold,
        requests: Vec<StreamRequest>,
    ) -> Result<(), sqlx::Error> {
        if !requests.is_empty() {
            self.loader()
                .load(db, requests)
                .await?
                .into_iter()
                .for_each(|stream| fold.insert(stream));
        }
        Ok(())
    }
}
