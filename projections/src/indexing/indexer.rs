//! The loop of one index in one process.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use search::Engine;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use workers::{Heartbeat, Lease};

use super::document::SentDocuments;
use super::follow::{Follower, IndexError};
use super::lease::{self, INDEXES, IndexLease};
use super::{mark, rows};
use crate::projection::chain;

/// How soon marks are found that nobody in this process told of.
const POLL: Duration = Duration::from_millis(100);
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);
/// How often indexes are looked for that nobody uses any more.
const TIDY_EVERY: Duration = Duration::from_mins(1);

/// Which index, and how it is kept.
#[derive(Clone, Debug)]
pub struct Indexing {
    /// The name under which the index is registered; two processes that use the same name share one index.
    pub name: String,
    /// What the engine calls it.
    pub index: String,
    /// After how long without a sign of life another process may take over.
    pub lease: Duration,
    /// Products of a batch at most.
    pub batch: usize,
    /// How long batches are apart at least, from start to start.
    pub pace: Duration,
    /// How often the order by sales is brought up to date.
    pub sales: Duration,
    /// How often is looked whether the engine still has what it was given.
    pub check: Duration,
    /// After how long without use an index is forgotten; when it comes back it is filled anew.
    pub forget: Duration,
    /// Whether no other process can be alive that holds the lease: it is then taken at once, as after a crash.
    pub sole: bool,
}

impl Indexing {
    /// The usual settings.
    #[must_use]
    pub fn new(name: impl Into<String>, index: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            index: index.into(),
            lease: Duration::from_secs(6),
            batch: 5_000,
            pace: Duration::from_millis(50),
            sales: Duration::from_mins(1),
            check: Duration::from_secs(5),
            forget: Duration::from_hours(6),
            sole: false,
        }
    }
}

/// Keeps an index as the read models are.
pub struct Indexer {
    pool: PgPool,
    engine: Arc<dyn Engine>,
    indexing: Indexing,
}

impl Indexer {
    /// An indexer that uses up to three connections of the pool. The read models must be installed: [`crate::install`].
    #[must_use]
    pub fn new(pool: PgPool, engine: Arc<dyn Engine>, indexing: Indexing) -> Self {
        Self { pool, engine, indexing }
    }

    /// Registers the index and keeps it up to date whenever this process holds its lease, until the token is cancelled. Whatever
    /// fails is logged and tried again.
    pub async fn run(self, token: CancellationToken) {
        let mut owner = None;
        let mut reported = false;
        while !token.is_cancelled() {
            let lease = tokio::select! {
                lease = self.register_and_take(&mut owner) => lease,
                () = token.cancelled() => break,
            };
            match lease {
                Ok(Some(lease)) => {
                    reported = false;
                    self.work(lease, &token).await;
                }
                Ok(None) => reported = false,
                Err(error) => {
                    if !reported {
                        tracing::warn!(
                            reason = chain(&error),
                            "the search index is not kept up to date for the moment"
                        );
                    }
                    reported = true;
                }
            }
            sleep_unless_cancelled(self.indexing.lease / 6, &token).await;
        }
    }

    /// Says that the index is in use, and takes its lease if it can be had.
    async fn register_and_take(&self, owner: &mut Option<Uuid>) -> Result<Option<Lease>, sqlx::Error> {
        let id = match owner {
            Some(id) => *id,
            None => *owner.insert(workers::owner(&self.pool).await?),
        };
        let Indexing { name, lease, sole, .. } = &self.indexing;
        lease::register(name, self.engine.name(), &self.pool).await?;
        INDEXES.take(name, id, *lease, *sole, &self.pool).await
    }

    /// Works until the lease is lost or the token cancelled.
    async fn work(&self, lease: Lease, token: &CancellationToken) {
        let lost = CancellationToken::new();
        let _beat = Heartbeat::start(lease.clone(), self.indexing.lease, self.pool.clone(), lost.clone());
        let _measuring = Measuring(tokio::spawn(measure(
            self.pool.clone(),
            lease.name.clone(),
            self.engine.name(),
        )));
        let mut follower = Follower {
            pool: self.pool.clone(),
            engine: Arc::clone(&self.engine),
            index: self.indexing.index.clone(),
            batch: self.indexing.batch,
            lease: IndexLease(lease.clone()),
            lost: lost.clone(),
            sent: SentDocuments::default(),
            disturbed: 0,
            rejected: HashSet::new(),
            settings: None,
            documents: None,
            engine_down: false,
        };
        let mut due = Due::now();
        let mut backoff = FIRST_BACKOFF;
        let mut reported = false;
        while !token.is_cancelled() && !lost.is_cancelled() {
            let step = tokio::select! {
                step = self.step(&mut follower, &mut due) => step,
                () = lost.cancelled() => break,
                // An engine at work is not waited for: what it was given it can be given again.
                () = token.cancelled() => break,
            };
            let pause = match step {
                Ok(pause) => {
                    reported = false;
                    if !follower.engine_down {
                        backoff = FIRST_BACKOFF;
                    }
                    pause
                }
                Err(IndexError::LeaseLost) => break,
                Err(IndexError::Engine(error)) => {
                    // Perhaps it has lost the index.
                    due.check = Instant::now();
                    follower.report_engine_failure(&error).await;
                    backoff = (backoff * 2).min(LONGEST_BACKOFF);
                    Pause::Sleep(backoff)
                }
                Err(IndexError::Database(error)) => {
                    if !reported {
                        tracing::warn!(reason = chain(&error), "indexing for search failed and is tried again");
                    }
                    reported = true;
                    backoff = (backoff * 2).min(LONGEST_BACKOFF);
                    Pause::Sleep(backoff)
                }
            };
            tokio::select! {
                () = pause.end() => {}
                () = lost.cancelled() => {}
                () = token.cancelled() => {}
            }
        }
        if let Err(error) = lease.release(&self.pool).await {
            tracing::debug!(
                reason = chain(&error),
                "the lease of a search index was not given back and will run out"
            );
        }
    }

    /// Does what there is to do, and says how long to rest.
    async fn step(&self, follower: &mut Follower, due: &mut Due) -> Result<Pause, IndexError> {
        let started = Instant::now();
        if started >= due.tidy {
            lease::forget(self.indexing.forget, &self.pool).await?;
            follower.rejected = follower.lease.rejected(&self.pool).await?.into_iter().collect();
            due.tidy = started + TIDY_EVERY;
        }
        if started >= due.sales {
            // Another index may just have done it for all.
            rows::follow_sales(self.indexing.sales / 2, &self.pool).await?;
            due.sales = started + self.indexing.sales;
        }
        let work = follower
            .lease
            .find_work(self.indexing.batch, &self.pool)
            .await?
            .ok_or(IndexError::LeaseLost)?;
        if !work.ready || work.rebuilds_asked > work.rebuilds_done {
            follower.fill(&work).await?;
            follower.report_engine_success().await?;
            due.check = Instant::now();
            return Ok(Pause::None);
        }
        if started >= due.check {
            follower.check(&work).await?;
            due.check = Instant::now() + self.indexing.check;
            return Ok(Pause::None);
        }
        follower.apply_settings(&work).await?;
        follower.follow(&work, None).await?;
        // Only now: an engine that answers need not be one that can write.
        follower.report_engine_success().await?;
        Ok(if work.dirty.is_empty() {
            Pause::Idle
        } else if work.dirty.len() >= self.indexing.batch {
            Pause::None
        } else {
            // Half of the time at most: under load batches grow instead of becoming more.
            let elapsed = started.elapsed();
            Pause::Sleep(
                self.indexing
                    .pace
                    .saturating_sub(elapsed)
                    .max(elapsed.min(self.indexing.pace * 4)),
            )
        })
    }
}

/// When something is to be looked at again.
struct Due {
    check: Instant,
    tidy: Instant,
    sales: Instant,
}

impl Due {
    fn now() -> Self {
        let now = Instant::now();
        Self {
            check: now,
            tidy: now,
            sales: now,
        }
    }
}

/// How long to rest between two steps.
enum Pause {
    None,
    Sleep(Duration),
    /// Until there is something to do.
    Idle,
}

impl Pause {
    async fn end(self) {
        match self {
            Self::None => {}
            Self::Sleep(duration) => sleep(duration).await,
            Self::Idle => tokio::select! {
                () = mark::woken() => {}
                () = sleep(POLL) => {}
            },
        }
    }
}

/// Aborts its task when dropped.
struct Measuring(tokio::task::JoinHandle<()>);

impl Drop for Measuring {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Publishes how far the index is behind, also while the engine keeps its indexer waiting.
async fn measure(pool: PgPool, name: String, engine: &'static str) {
    loop {
        let lag = sqlx::query_as::<_, (i64, f64)>(
            "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(marked_at)), 0)::double precision
             FROM search_dirty WHERE index_name = $1",
        )
        .bind(&name)
        .fetch_one(&pool)
        .await;
        match lag {
            Ok((dirty, seconds)) => {
                #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
                gauge!("tillroll_search_dirty_keys", "engine" => engine).set(dirty as f64);
                gauge!("tillroll_search_lag_seconds", "engine" => engine).set(seconds.max(0.0));
            }
            Err(error) => tracing::debug!(reason = chain(&error), "the lag of a search index was not measured"),
        }
        sleep(Duration::from_secs(1)).await;
    }
}

async fn sleep_unless_cancelled(duration: Duration, token: &CancellationToken) {
    tokio::select! {
        () = token.cancelled() => {}
        () = sleep(duration) => {}
    }
}
