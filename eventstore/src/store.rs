//! The store: the front door.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use registry::Registered;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::erased::Kind;
use crate::fold::Stream;
use crate::load::{Loader, StreamRequest, aggregate_of};
use crate::log::heads;
use crate::refusal::{self, Refusal};
use crate::snapshot::{self, Snapshots};
use crate::tail::Tail;
use crate::writer::{Command, Job, Writer};
use crate::{
    Committed, Config, Continuity, Error, IdempotencyError, IdempotencyKey, Loaded, Log, Plan, StreamKey,
    TransactError, Transaction, idempotency, lane_of,
};

/// An event store on PostgreSQL. Cheap to clone; all clones share one writer.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    pool: PgPool,
    config: Config,
    lanes: u32,
    tail: Arc<Tail>,
    refusal: Refusal,
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Store {
    /// Opens the store in a migrated database and starts its writer.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the table `lanes` is not a range from 0.
    pub async fn open(pool: PgPool, config: Config) -> Result<Self, Error> {
        let known = heads(&pool).await?;
        let lanes = u32::try_from(known.len()).unwrap_or_default();
        if lanes == 0 || known.iter().zip(0..).any(|((lane, _), expected)| lane != expected) {
            return Err(Error::Damaged(
                "the lanes are not numbered from 0 without gaps".to_owned(),
            ));
        }
        let tail = Arc::new(Tail::new(lanes, config.tail_events, config.tail_bytes));
        tail.advance_heads(&known);
        let (queue, waiting) = mpsc::channel(config.queue_capacity.max(1));
        let (snapshots, due) = Snapshots::new(config.snapshots);
        let writer = Writer::new(
            pool.clone(),
            config.clone(),
            lanes,
            waiting,
            snapshots,
            Arc::clone(&tail),
        );
        let refusal = writer.refusal();
        let tasks = vec![
            tokio::spawn(writer.run()),
            tokio::spawn(snapshot::store(pool.clone(), due)),
        ];
        tokio::spawn(crate::log::poll(
            pool.clone(),
            Arc::downgrade(&tail),
            config.poll_interval,
        ));
        let (queue, tasks) = (Mutex::new(Some(queue)), Mutex::new(tasks));
        Ok(Self {
            shared: Arc::new(Shared {
                pool,
                config,
                lanes,
                tail,
                refusal,
                queue,
                tasks,
            }),
        })
    }

    /// The number of lanes, fixed when the database was created.
    #[must_use]
    pub fn lane_count(&self) -> u32 {
        self.shared.lanes
    }

    /// The lane of an aggregate.
    #[must_use]
    pub fn lane_of(&self, aggregate_id: &str) -> u32 {
        lane_of(aggregate_id, self.shared.lanes)
    }

    /// Decides a command and appends its events, atomically; returns when both are durable.
    ///
    /// `decide` is pure. It runs on the writer's task and may run again on fresher states; only the run that was committed (or that said
    /// no on states which were current) counts.
    pub async fn transact<T, E, F>(&self, plan: Plan, decide: F) -> Result<Committed<T>, TransactError<E>>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        E: Send + 'static,
        F: FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        let id = (self.shared.config.ids)();
        if let Some(misuse) = plan.misuse() {
            return Err(TransactError::Plan(misuse));
        }
        if let Some(reason) = plan.unstorable() {
            return Err(TransactError::Invalid(reason.to_owned()));
        }
        if let Some(missing) = self.shared.tail.missing_event() {
            return Err(TransactError::Unavailable(Error::MissingEvent(missing)));
        }
        let (reply, answer) = oneshot::channel();
        let lanes: BTreeSet<u32> = plan
            .streams
            .iter()
            .map(|planned| self.lane_of(&planned.key.aggregate_id))
            .collect();
        let queue = self.queue().ok_or(TransactError::Closed)?;
        queue
            .try_send(Box::new(Command::new(id, plan, decide, reply)))
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => {
                    metrics::counter!("eventstore_overloaded_total").increment(1);
                    TransactError::Overloaded {
                        retry_after: self.shared.config.retry_after,
                    }
                }
                mpsc::error::TrySendError::Closed(_) => TransactError::Closed,
            })?;
        drop(queue);
        let mut committed = answer.await.unwrap_or(Err(TransactError::Closed))?;
        if committed.positions.is_empty() && !committed.replayed {
            committed.positions = self.present(&lanes).await;
        }
        Ok(committed)
    }

    /// Where the lanes stand: what a command that changed nothing answers with, because what it saw to be so already may still be on
    /// its way to the read models.
    async fn present(&self, lanes: &BTreeSet<u32>) -> Vec<(u32, u64)> {
        match self.log().heads().await {
            Ok(heads) => heads
                .iter()
                .filter(|(lane, head)| *head > 0 && lanes.contains(lane))
                .collect(),
            Err(error) => {
                tracing::warn!(%error, "a command that changed nothing answers without positions");
                Vec::new()
            }
        }
    }

    /// What this process has seen of the log, to recognise a database that holds an older state.
    #[must_use]
    pub fn continuity(&self) -> Continuity {
        Continuity {
            tail: Arc::clone(&self.shared.tail),
        }
    }

    /// The state and version of a stream as stored; the default and 0 when there is none.
    pub async fn load<A: Registered>(&self, id: &str) -> Result<Loaded<A>, Error> {
        aggregate_of(self.stream::<A>(id).await?)
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.shared.pool
    }

    pub(crate) async fn stream<A: Registered>(&self, id: &str) -> Result<Stream, Error> {
        let Shared { pool, config, .. } = &*self.shared;
        let kind = Kind::of::<A>();
        let request = StreamRequest {
            key: StreamKey::new(Arc::clone(&kind.aggregate_type), id),
            kind,
            lane: self.lane_of(id),
        };
        let loader = Loader {
            revision: config.snapshots.revision,
        };
        let mut connection = pool.acquire().await?;
        let stream = loader.load(&mut connection, vec![request]).await?.pop();
        stream.ok_or_else(|| Error::Damaged(format!("{} did not load", A::TYPE)))
    }

    /// The outcome that is stored under `key`; `None` when its command has not been carried out.
    pub async fn stored_outcome<T: DeserializeOwned>(
        &self,
        key: &IdempotencyKey,
    ) -> Result<Option<Committed<T>>, IdempotencyError> {
        let mut connection = self.shared.pool.acquire().await.map_err(Error::from)?;
        let found = idempotency::lookup(&mut connection, self.shared.lanes, std::slice::from_ref(key))
            .await
            .map_err(Error::from)?;
        match found.into_iter().flatten().next() {
            Some(stored) if stored.request_hash == key.request_hash => Ok(Some(stored.replay()?)),
            Some(_) => Err(IdempotencyError::KeyReused),
            None => Ok(None),
        }
    }

    /// Forgets the outcomes stored before `older_than`; their keys run again when they come back. Returns how many.
    pub async fn purge_idempotency(&self, older_than: DateTime<Utc>) -> Result<u64, Error> {
        let purged = sqlx::query("DELETE FROM idempotency WHERE created_at < $1")
            .bind(older_than)
            .execute(&self.shared.pool)
            .await?;
        Ok(purged.rows_affected())
    }

    /// Why the database took nothing when it was last written to; `None`: it did. After a refusal every call tries whether there is room again.
    pub async fn refusal(&self) -> Option<Error> {
        let refusal = &self.shared.refusal;
        refusal.last()?;
        if refusal::takes_writes(&self.shared.pool).await {
            refusal.clear();
        }
        refusal.last()
    }

    /// A reader of the log.
    #[must_use]
    pub fn log(&self) -> Log {
        let Shared { pool, config, tail, .. } = &*self.shared;
        Log {
            pool: pool.clone(),
            tail: Arc::clone(tail),
            poll_interval: config.poll_interval,
        }
    }

    /// Refuses new commands, carries out those that wait, and stores the snapshots that are due.
    pub async fn close(&self) {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let tasks = std::mem::take(&mut *self.shared.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the event store failed");
            }
        }
    }

    fn queue(&self) -> Option<mpsc::Sender<Box<dyn Job>>> {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
