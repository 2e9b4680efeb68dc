//! The writer: takes queued commands, a batch at a time, from decision to commit.

mod answer;
mod attempt;
mod batch_error;
mod conclude;
mod connection;
mod contention;
mod decide;
mod job;
mod settle;
mod unanswered;

use std::collections::VecDeque;
use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::mpsc;

use crate::Config;
use crate::cache::StreamCache;
use crate::refusal::Refusal;
use crate::snapshot::Snapshots;
use crate::tail::Tail;

use self::connection::Connection;
use self::contention::Contention;
pub(crate) use self::job::{Command, Job};
use self::unanswered::Unanswered;

/// A command in the queue of the writer.
pub(crate) struct Queued {
    job: Box<dyn Job>,
    /// Its idempotency key may be taken: to be looked up before it is decided.
    suspect: bool,
    /// What was sent for it when the answer to the commit was lost: it may be stored.
    unanswered: Option<Unanswered>,
    /// How often it was carried over because the connection broke under it.
    carried: usize,
}

/// The one task that decides and appends. What it has in memory is a cache: every append checks it.
pub(crate) struct Writer {
    config: Config,
    lanes: u32,
    queue: mpsc::Receiver<Box<dyn Job>>,
    /// Commands that go before the queue.
    deferred: VecDeque<Queued>,
    connection: Connection,
    contention: Contention,
    cache: StreamCache,
    snapshots: Snapshots,
    tail: Arc<Tail>,
    refusal: Refusal,
}

impl Writer {
    pub(crate) fn new(
        pool: PgPool,
        config: Config,
        lanes: u32,
        queue: mpsc::Receiver<Box<dyn Job>>,
        snapshots: Snapshots,
        tail: Arc<Tail>,
    ) -> Self {
        Self {
            lanes,
            queue,
            deferred: VecDeque::new(),
            contention: Contention::default(),
            connection: Connection::new(pool, config.connect_timeout),
            cache: StreamCache::new(config.cached_bytes),
            snapshots,
            tail,
            refusal: Refusal::default(),
            config,
        }
    }

    /// What will tell whether the database takes writes.
    pub(crate) fn refusal(&self) -> Refusal {
        self.refusal.clone()
    }

    /// Works until the queue is closed and empty.
    pub(crate) async fn run(mut self) {
        while let Some(batch) = self.next_batch().await {
            metrics::histogram!("eventstore_batch_commands").record(count(batch.len()));
            metrics::gauge!("eventstore_queue_depth").set(count(self.queue.len()));
            self.settle(batch).await;
            // The callers just answered get a turn to send their next commands, so that these go together and not one ahead of the rest.
            tokio::task::yield_now().await;
        }
    }

    /// Everything that was queued while the last batch was under way, up to the cap; waits for a first command. No timer: an idle
    /// store commits a lone command at once.
    async fn next_batch(&mut self) -> Option<Vec<Queued>> {
        let mut batch: Vec<Queued> = Vec::new();
        while batch.is_empty() {
            if self.deferred.is_empty() {
                tokio::select! {
                    job = self.queue.recv() => batch.push(Queued::new(job?)),
                    () = self.connection.pool_closes() => self.connection.release(),
                }
            }
            let room = self.config.batch_commands.max(1);
            batch.extend(self.deferred.drain(..self.deferred.len().min(room)));
            while batch.len() < room
                && let Ok(job) = self.queue.try_recv()
            {
                batch.push(Queued::new(job));
            }
            // What may be stored already is seen through: the commands that were decided behind it stand on it.
            batch.retain(|queued| queued.unanswered.is_some() || !queued.job.abandoned());
        }
        Some(batch)
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

impl Queued {
    fn new(job: Box<dyn Job>) -> Self {
        Self {
            job,
            suspect: false,
            unanswered: None,
            carried: 0,
        }
    }
}
