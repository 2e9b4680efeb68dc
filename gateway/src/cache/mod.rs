//! Cached answers. The events themselves say when one is out of date.
//!
//! The query services report to every gateway what has changed ([`follow()`]). While they do, an answer that is kept is served; while they do
//! not, or have not for two seconds, every read goes to the services: slower, never wrong. A read with a consistency token is served
//! from here only if what is kept shows the write. What may be kept is decided by positions ([`in_flight`]). Concurrent reads of one thing
//! are one call. With Redis, gateways share what they keep ([`shared`]).

mod cached;
mod follow;
mod in_flight;
mod positions;
mod shared;

#[cfg(test)]
mod tests;

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::FutureExt;
use metrics::{Counter, counter, gauge};
use proto::v1::{ChangeTopic, Changes, FollowRequest, ReadAt, ReadContext};
use quick_cache::{OptionsBuilder, Weighter};
use tokio::{sync::watch, time::Instant};
use tracing::Instrument;

pub(crate) use cached::{Audience, CachedAnswer, Content};
pub(crate) use follow::follow;
pub(crate) use positions::Positions;
pub use shared::RedisError;
pub(crate) use shared::Shared;

use crate::problem::Problem;
use in_flight::{InFlight, Ticket, Verdict};

/// A feed that has not spoken for this long is lost.
const SILENCE: Duration = Duration::from_secs(2);
/// Nothing is served from here for longer than this without being read again. For tidiness: what is out of date goes by events.
const LONGEST: Duration = Duration::from_mins(10);

/// What a service answered to a read.
pub(crate) struct Loaded {
    pub(crate) content: Content,
    /// Absent: not to be kept.
    pub(crate) read_at: Option<ReadAt>,
    /// The answer does not show the write of the request's token.
    pub(crate) stale: bool,
}

/// The answer to a read.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) content: Content,
    pub(crate) stale: bool,
}

type Outcome = Result<Found, Problem>;

/// A read that has been made.
struct Fetched {
    outcome: Outcome,
    read_at: Option<ReadAt>,
    /// It was found in Redis: read at an earlier time, and every change since then has been taken into account.
    shared: bool,
    /// It was put into Redis.
    offered: bool,
}

impl Fetched {
    fn failed(problem: Problem) -> Self {
        Self {
            outcome: Err(problem),
            read_at: None,
            shared: false,
            offered: false,
        }
    }
}

/// A read that others may wait for too.
struct Flight {
    context: ReadContext,
    outcome: watch::Receiver<Option<Outcome>>,
}

#[derive(Clone)]
struct Entry {
    cached: Arc<CachedAnswer>,
    since: Instant,
}

#[derive(Clone)]
struct Weigh;

impl Weighter<String, Entry> for Weigh {
    fn weight(&self, key: &String, entry: &Entry) -> u64 {
        entry.cached.weight() + u64::try_from(key.len()).unwrap_or(u64::MAX)
    }
}

/// Answers of one kind; a cheap clone.
#[derive(Clone)]
pub(crate) struct Cache(Arc<Inner>);

struct Inner {
    topic: ChangeTopic,
    /// None: nothing is kept.
    local: Option<quick_cache::sync::Cache<String, Entry, Weigh>>,
    shared: Option<Shared>,
    in_flight: Mutex<InFlight<Flight>>,
    started: Instant,
    /// Milliseconds from the start to when the feed was heard last; 0: it is lost.
    heard: AtomicU64,
    metrics: Metrics,
}

struct Metrics {
    name: &'static str,
    hits: Counter,
    shared_hits: Counter,
    misses: Counter,
    bypasses: Counter,
    joined: Counter,
    invalidations: Counter,
    flushes: Counter,
}

impl Metrics {
    fn new(name: &'static str) -> Self {
        let read = |outcome| counter!("tillroll_cache_reads_total", "cache" => name, "outcome" => outcome);
        Self {
            name,
            hits: read("hit"),
            shared_hits: read("shared_hit"),
            misses: read("miss"),
            bypasses: read("bypass"),
            joined: read("joined"),
            invalidations: counter!("tillroll_cache_invalidations_total", "cache" => name),
            flushes: counter!("tillroll_cache_flushes_total", "cache" => name),
        }
    }
}

impl Cache {
    /// A cache of at most `bytes`; of nothing with 0.
    pub(crate) fn new(name: &'static str, topic: ChangeTopic, bytes: u64, shared: Option<Shared>) -> Self {
        const TYPICAL: u64 = 1024;
        let options = OptionsBuilder::new()
            .estimated_items_capacity(usize::try_from(bytes / TYPICAL).unwrap_or(usize::MAX).max(1))
            .weight_capacity(bytes)
            .build();
        let local = options.ok().filter(|_| bytes > 0).map(|options| {
            quick_cache::sync::Cache::with_options(
                options,
                Weigh,
                quick_cache::DefaultHashBuilder::default(),
                quick_cache::sync::DefaultLifecycle::default(),
            )
        });
        Self(Arc::new(Inner {
            topic,
            shared: shared.filter(|_| local.is_some()),
            local,
            in_flight: Mutex::new(InFlight::default()),
            started: Instant::now(),
            heard: AtomicU64::new(0),
            metrics: Metrics::new(name),
        }))
    }

    /// Reads `id`: from here if what is kept is good enough for the request, else by `load`, at most once at a time for like requests.
    pub(crate) async fn read<R>(
        &self,
        id: &str,
        mut context: ReadContext,
        load: impl FnOnce(String, ReadContext) -> R + Send + 'static,
    ) -> Result<Found, Problem>
    where
        R: Future<Output = Result<Loaded, Problem>> + Send + 'static,
    {
        if context.consistency_token.is_empty() {
            // How long to wait for nothing makes no difference; like this, more reads are alike.
            context = ReadContext::default();
        }
        let Some(wanted) = Positions::parse(&context.consistency_token) else {
            // The service says what is wrong with it.
            return Ok(load(id.to_owned(), context).await?.into());
        };
        let live = self.is_live();
        if live && let Some(content) = self.0.get(id, &wanted) {
            self.0.metrics.hits.increment(1);
            return Ok(Found { content, stale: false });
        }
        let mut outcome = self.join(id, context, wanted, live, load);
        match outcome.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(outcome)) => outcome.clone(),
            _ => Err(Problem::internal()),
        }
    }

    /// The read of `id` that is under way for such a request, or one that begins now. It goes on when who asked for it has gone.
    fn join<R>(
        &self,
        id: &str,
        context: ReadContext,
        wanted: Positions,
        live: bool,
        load: impl FnOnce(String, ReadContext) -> R + Send + 'static,
    ) -> watch::Receiver<Option<Outcome>>
    where
        R: Future<Output = Result<Loaded, Problem>> + Send + 'static,
    {
        let metrics = &self.0.metrics;
        let mut in_flight = self.0.in_flight();
        if let Some(flight) = in_flight.find(id, |flight| flight.context == context) {
            metrics.joined.increment(1);
            return flight.outcome.clone();
        }
        if live { &metrics.misses } else { &metrics.bypasses }.increment(1);
        let (sender, outcome) = watch::channel(None);
        let flight = Flight {
            context: context.clone(),
            outcome: outcome.clone(),
        };
        let ticket = in_flight.begin(id, flight);
        drop(in_flight);
        let (cache, id) = (self.clone(), id.to_owned());
        let work = async move {
            let read = AssertUnwindSafe(cache.fetch(&id, context, &wanted, live, &ticket, load)).catch_unwind();
            let fetched = read.await.unwrap_or_else(|_| {
                tracing::error!("a read panicked");
                Fetched::failed(Problem::internal())
            });
            cache.finish(id, &ticket, &fetched).await;
            // Nobody may wait any more.
            let _ = sender.send(Some(fetched.outcome));
        };
        tokio::spawn(work.in_current_span());
        outcome
    }

    /// Asks Redis, then the service.
    async fn fetch<R>(
        &self,
        id: &str,
        context: ReadContext,
        wanted: &Positions,
        live: bool,
        ticket: &Ticket,
        load: impl FnOnce(String, ReadContext) -> R + Send + 'static,
    ) -> Fetched
    where
        R: Future<Output = Result<Loaded, Problem>> + Send + 'static,
    {
        let shared = self.0.shared.as_ref().filter(|_| live);
        if let Some(shared) = shared
            && let Some(cached) = shared.get(id, &ticket.passed).await
            && ticket.generation == Some(cached.read_at.generation)
            && satisfies(&cached, wanted, &ticket.passed, false)
        {
            self.0.metrics.shared_hits.increment(1);
            return Fetched {
                outcome: Ok(Found {
                    content: cached.content,
                    stale: false,
                }),
                read_at: Some(cached.read_at),
                shared: true,
                offered: false,
            };
        }
        let loaded = match load(id.to_owned(), context).await {
            Ok(loaded) => loaded,
            Err(problem) => return Fetched::failed(problem),
        };
        let read_at = loaded.read_at;
        let mut offered = false;
        if let (Some(shared), Some(read_at)) = (shared, read_at)
            && ticket.generation == Some(read_at.generation)
            && read_at.position >= ticket.passed.get(read_at.lane)
        {
            let cached = CachedAnswer {
                content: loaded.content.clone(),
                read_at,
            };
            shared.put(id, &cached).await;
            offered = true;
        }
        Fetched {
            outcome: Ok(loaded.into()),
            read_at,
            shared: false,
            offered,
        }
    }

    /// Keeps what was read, if it may be kept.
    async fn finish(&self, id: String, ticket: &Ticket, fetched: &Fetched) {
        let verdict = {
            // One lock for the verdict and for keeping: no news can come between.
            let mut in_flight = self.0.in_flight();
            let verdict = in_flight.end(ticket, fetched.read_at.as_ref(), fetched.shared);
            if let (Verdict::Keep, Ok(found), Some(read_at)) = (&verdict, &fetched.outcome, fetched.read_at) {
                self.0.keep(&id, found.content.clone(), read_at);
            }
            verdict
        };
        // It reached Redis after the news that it is out of date.
        if let (Verdict::Outdated(position), Some(shared), true) = (verdict, &self.0.shared, fetched.offered) {
            shared.invalidate(&[(id, position)], None).await;
        }
    }

    /// Takes in what the feed reports. Redis first: what is read from there afterwards is not older.
    pub(crate) async fn take_in(&self, changes: Changes) {
        let Some(passed) = Positions::parse(&changes.positions) else {
            tracing::error!("the change feed sent positions that cannot be read");
            return self.lost();
        };
        let Inner {
            metrics, shared, local, ..
        } = &*self.0;
        if let Some(shared) = shared {
            shared.read_from(&changes.database);
        }
        self.0.in_flight().database.clone_from(&changes.database);
        if changes.restart {
            metrics.flushes.increment(1);
            if let Some(shared) = shared {
                shared.flush(&passed).await;
            }
            let mut in_flight = self.0.in_flight();
            in_flight.restart(changes.generation, passed);
            if let Some(local) = local {
                local.clear();
            }
        } else {
            let keys: Vec<_> = changes.keys.into_iter().map(|key| (key.id, key.position)).collect();
            if let Some(shared) = shared
                && !keys.is_empty()
            {
                shared.invalidate(&keys, Some(&passed)).await;
            }
            let mut in_flight = self.0.in_flight();
            for (id, position) in &keys {
                in_flight.changed(id, *position);
                let is_old = |entry: &Entry| entry.cached.read_at.position < *position;
                if let Some(local) = local
                    && local.peek(id.as_str()).is_some_and(|entry| is_old(&entry))
                {
                    local.remove(id.as_str());
                }
            }
            in_flight.pass(passed);
            metrics
                .invalidations
                .increment(u64::try_from(keys.len()).unwrap_or(u64::MAX));
        }
        let since = u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.heard.store(since.max(1), Ordering::Release);
        self.0.measure();
    }

    /// The feed is lost: nothing is served from here until it speaks again.
    pub(crate) fn lost(&self) {
        self.0.heard.store(0, Ordering::Release);
    }

    /// What it is called in metrics and logs.
    pub(crate) fn name(&self) -> &'static str {
        self.0.metrics.name
    }

    /// Whether anything is kept at all.
    pub(crate) fn is_on(&self) -> bool {
        self.0.local.is_some()
    }

    /// The connection to Redis to keep up, if there is to be one.
    pub(crate) fn shared(&self) -> Option<Shared> {
        self.0.shared.clone()
    }

    /// Where the feed is to go on.
    fn place(&self) -> FollowRequest {
        let in_flight = self.0.in_flight();
        let after = in_flight.generation().map(|_| in_flight.passed().to_string());
        FollowRequest {
            topic: self.0.topic.into(),
            after: after.unwrap_or_default(),
            generation: in_flight.generation().unwrap_or_default(),
            database: in_flight.database.clone(),
        }
    }

    fn is_live(&self) -> bool {
        let Inner {
            heard, started, local, ..
        } = &*self.0;
        let heard = heard.load(Ordering::Acquire);
        local.is_some() && heard > 0 && started.elapsed() < Duration::from_millis(heard) + SILENCE
    }
}

impl Inner {
    fn in_flight(&self) -> MutexGuard<'_, InFlight<Flight>> {
        // The books are consistent between statements: a panic leaves at worst a read that nobody waits for.
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, id: &str, content: Content, read_at: ReadAt) {
        let Some(local) = &self.local else { return };
        let is_newer = |entry: Entry| entry.cached.read_at.position > read_at.position;
        if local.peek(id).is_some_and(is_newer) {
            return;
        }
        let entry = Entry {
            cached: Arc::new(CachedAnswer { content, read_at }),
            since: Instant::now(),
        };
        local.insert(id.to_owned(), entry);
    }

    /// What is kept of `id`, if that shows everything that is wanted.
    fn get(&self, id: &str, wanted: &Positions) -> Option<Content> {
        let local = self.local.as_ref()?;
        // Before the entry is looked up: what is there then has been told of every change up to here.
        let passed = (!wanted.is_empty()).then(|| Arc::clone(self.in_flight().passed()));
        let entry = local.get(id)?;
        if entry.since.elapsed() > LONGEST {
            return None;
        }
        let satisfied = passed.is_none_or(|passed| satisfies(&entry.cached, wanted, &passed, true));
        satisfied.then(|| entry.cached.content.clone())
    }

    #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
    fn measure(&self) {
        if let Some(local) = &self.local {
            gauge!("tillroll_cache_bytes", "cache" => self.metrics.name).set(local.weight() as f64);
            gauge!("tillroll_cache_entries", "cache" => self.metrics.name).set(local.len() as f64);
        }
    }
}

/// Whether an answer shows everything up to `wanted`. Of its own lane by its own position, or by that of the feed when `is_current`: when
/// it would have been dropped by any change up to there. Of other lanes nothing is shown, but they must have been passed, and be known
/// for that: of a lane that there is not, the service says so.
fn satisfies(cached: &CachedAnswer, wanted: &Positions, passed: &Positions, is_current: bool) -> bool {
    wanted.iter().all(|(lane, position)| {
        let own = lane == cached.read_at.lane;
        (own && cached.read_at.position >= position) || ((is_current || !own) && passed.get(lane) >= position.max(1))
    })
}

impl From<Loaded> for Found {
    fn from(loaded: Loaded) -> Self {
        Self {
            content: loaded.content,
            stale: loaded.stale,
        }
    }
}
