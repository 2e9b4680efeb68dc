//! One try at a batch: load what is not in memory, decide, append, and only then answer.

use std::collections::HashSet;

use sqlx::error::DatabaseError;
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, PgConnection, Postgres};
use tokio::time::Instant;

use super::conclude::{keys_of, replay};
use super::connection::discard;
use super::decide::{Decider, Keys, Verdict};
use super::{Queued, Writer};
use crate::append::AppendError;
use crate::fold::{Fold, Stream};
use crate::idempotency::lookup;
use crate::load::{Reading, Wanted};
use crate::plan::{Access, PlannedStream};
use crate::stream::lane_of;
use crate::{Error, Positions, Recorded};

/// Why nothing of a batch was carried out, as far as is known.
pub(super) enum Setback {
    /// Others were faster: to be decided again.
    Contended,
    /// The connection broke; `committing` when that was during the commit, which may then have happened.
    Broken { error: sqlx::Error, committing: bool },
    /// The database takes nothing now.
    Unavailable(Error),
    /// The database refused the statement: because of some command in it.
    Refused(sqlx::Error),
}

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

/// How much a try trusts memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Decides on the cached states, which the append checks. One round trip when all streams are cached.
    Cached,
    /// Locks the lanes first and decides on what is stored: nobody can be faster.
    Nothing,
}

impl Writer {
    /// Tries `batch`. When it is through, every command in it has been answered or deferred.
    pub(super) async fn attempt(&mut self, batch: &mut Vec<Queued>, trust: Trust) -> Result<(), Setback> {
        let mut connection = self.connection.take().await.map_err(Setback::Unavailable)?;
        let tried = match trust {
            Trust::Cached => self.commit(&mut connection, batch, trust).await,
            Trust::Nothing => self.commit_locked(&mut connection, batch).await,
        };
        match tried {
            Ok(durable) => {
                self.conclude(connection, batch, durable, trust).await;
                Ok(())
            }
            Err(setback) => {
                match setback {
                    Setback::Broken { .. } => discard(connection).await,
                    _ => self.connection.keep(connection),
                }
                Err(setback)
            }
        }
    }

    /// The pessimistic way: the same within a transaction that holds every planned lane from before the streams are loaded.
    async fn commit_locked(
        &mut self,
        connection: &mut PoolConnection<Postgres>,
        batch: &mut Vec<Queued>,
    ) -> Result<Durable, Setback> {
        let mut transaction = connection.begin().await.map_err(before_commit)?;
        let planned = batch.iter().flat_map(|queued| &queued.job.plan().streams);
        let lanes: Vec<i32> = planned
            .map(|planned| lane_of(&planned.key.aggregate_id, self.lanes).cast_signed())
            .collect();
        sqlx::query("SELECT FROM lanes WHERE lane = ANY ($1) ORDER BY lane FOR NO KEY UPDATE")
            .bind(lanes)
            .execute(&mut *transaction)
            .await
            .map_err(before_commit)?;
        let durable = self.commit(&mut transaction, batch, Trust::Nothing).await?;
        transaction.commit().await.map_err(|error| classify(error, true))?;
        Ok(durable)
    }

    async fn commit(
        &mut self,
        db: &mut PgConnection,
        batch: &mut Vec<Queued>,
        trust: Trust,
    ) -> Result<Durable, Setback> {
        self.answer_replays(db, batch, trust).await.map_err(before_commit)?;
        let (mut fold, wanted) = self.gather(batch, trust);
        self.load(db, &mut fold, wanted).await.map_err(before_commit)?;
        let decider = Decider::new(self.lanes, self.config.batch_bytes, &self.config.upcasters, &mut fold);
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
        let receipt = append.send(db, fold.streams()).await.map_err(|error| match error {
            AppendError::Contended => Setback::Contended,
            AppendError::Sql(error) => classify(error, committing),
        })?;
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
    fn gather(&mut self, batch: &[Queued], trust: Trust) -> (Fold, Vec<Wanted>) {
        let mut fold = Fold::default();
        let mut wanted = Vec::new();
        let mut asked = HashSet::new();
        for planned in batch.iter().flat_map(|queued| &queued.job.plan().streams) {
            if fold.place(&planned.key).is_some() || asked.contains(&planned.key) {
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
            let usable =
                |stream: &Stream| trust == Trust::Cached && expected.is_none_or(|expected| expected <= stream.version);
            match self.cache.take(&key).filter(usable) {
                Some(stream) => fold.insert(stream),
                None if trust == Trust::Cached && access == Access::Create => {
                    fold.insert(Stream::empty(key, kind, lane));
                }
                None => {
                    asked.insert(key.clone());
                    wanted.push(Wanted { key, kind, lane });
                }
            }
        }
        (fold, wanted)
    }

    /// Loads what the cache did not have, in one query.
    async fn load(&mut self, db: &mut PgConnection, fold: &mut Fold, wanted: Vec<Wanted>) -> Result<(), sqlx::Error> {
        if !wanted.is_empty() {
            let reading = Reading {
                upcasters: &self.config.upcasters,
                revision: self.config.snapshots.revision,
            };
            reading
                .load(db, wanted)
                .await?
                .into_iter()
                .for_each(|stream| fold.insert(stream));
        }
        Ok(())
    }
}

fn before_commit(error: sqlx::Error) -> Setback {
    classify(error, false)
}

/// What an error says about the connection, the database or the statement.
fn classify(error: sqlx::Error, committing: bool) -> Setback {
    let code = error
        .as_database_error()
        .and_then(DatabaseError::code)
        .unwrap_or_default();
    match (&error, &*code) {
        (sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed, _)
        | (_, "57P01" | "57P02" | "57P03") => Setback::Broken { error, committing },
        (_, code) if code.starts_with("08") => Setback::Broken { error, committing },
        // Out of space or connections, shutting down, cancelled, or a standby by now: no command's fault, and nothing was committed.
        (_, "25006") => Setback::Unavailable(error.into()),
        (_, code) if ["53", "57", "58"].contains(&code.get(..2).unwrap_or_default()) => {
            Setback::Unavailable(error.into())
        }
        // As after PostgreSQL's programs were replaced while it runs.
        (sqlx::Error::Database(refusal), "XX000") if refusal.message().contains("load library") => {
            Setback::Unavailable(error.into())
        }
        (_, "40001" | "40P01" | "55P03") => Setback::Contended,
        (sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed, _) => Setback::Unavailable(error.into()),
        _ => Setback::Refused(error),
    }
}
