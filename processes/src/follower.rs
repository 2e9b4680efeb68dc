//! Whoever folds a process: it holds the lease and follows the log.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use eventstore::{Positions, Recorded};
use metrics::gauge;
use sqlx::PgConnection;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use workers::{Cursors, Lease, Leases};

use crate::engine::Shared;
use crate::instance::{self, Instances};
use crate::outbox::{self, Sent};
use crate::process::{Out, Process};
use crate::start::install;

const PROCESSES: Leases = Leases::of("process", "name");
const POSITIONS: Cursors = Cursors("process_position");
/// Events per read of the log.
const BATCH: usize = 4_096;
/// Timers and outcomes of a step.
const SWEEP: i64 = 1_024;
/// Begins a step. Not durable at once: what a crash of the database takes back is read again. Rows are reached by key only: the tables
/// are empty time and again, and what the planner then knows of them would have all of their rows looked at.
const BEGIN: &str = "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; \
                     SET LOCAL enable_sort = off; SET LOCAL plan_cache_mode = force_generic_plan";

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Why the work ended.
enum Ended {
    Stopped,
    Lost,
}

pub(crate) struct Follower<'a, P> {
    process: &'a P,
    shared: &'a Shared,
}

/// What a follower knows while it holds the lease.
struct Tenure {
    lease: Lease,
    /// As far as the log has been read, and as far as the database knows.
    read: Positions,
    stored: Positions,
    /// Up to where events have no effects.
    muted: Positions,
    /// Timers that were due before have none either, unless these may be repeated.
    muted_until: DateTime<Utc>,
    /// Instances.
    open: i64,
    measured: Option<Instant>,
}

/// What a step takes in.
struct Input<'e> {
    events: &'e [Recorded],
    /// Whether the log has been read to its end: timers may go off.
    caught_up: bool,
}

impl<'a, P: Process> Follower<'a, P> {
    pub(crate) fn new(process: &'a P, shared: &'a Shared) -> Self {
        Self { process, shared }
    }

    /// Works while it has the lease, until `stop`.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let mut owner = None;
        while !stop.is_cancelled() {
            match self.tenure(&mut owner, stop).await {
                Ok(Ended::Stopped) => return,
                Ok(Ended::Lost) => {}
                Err(error) => tracing::warn!(process = P::NAME, error = &*error, "a process starts again"),
            }
            rest(self.shared.config.poll * 2, stop).await;
        }
    }

    async fn tenure(&self, owner: &mut Option<Uuid>, stop: &CancellationToken) -> Result<Ended, Failure> {
        let pool = &self.shared.pool;
        let me = if let Some(me) = owner {
            *me
        } else {
            install(P::NAME, P::VERSION, (self.shared.clock)(), pool).await?;
            *owner.insert(workers::owner(pool).await?)
        };
        let ttl = self.shared.config.lease;
        let Some(lease) = PROCESSES.take(P::NAME, me, ttl, false, pool).await? else {
            return Ok(Ended::Lost);
        };
        let ended = match self.open(lease.clone()).await? {
            Some(tenure) => self.work(tenure, stop).await,
            // Newer code folds it.
            None => Ok(Ended::Lost),
        };
        self.process.measure(None).await;
        gauge!("tillroll_process_open", "process" => P::NAME).set(0);
        gauge!("tillroll_process_dead_letters", "process" => P::NAME).set(0);
        lease.release(pool).await?;
        ended
    }

    /// Reads where the process stands; `None` when that is of a newer version of the code.
    async fn open(&self, lease: Lease) -> Result<Option<Tenure>, sqlx::Error> {
        let mut db = self.shared.pool.begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            .execute(&mut *db)
            .await?;
        let (version, since): (i32, DateTime<Utc>) =
            sqlx::query_as("SELECT version, since FROM process WHERE name = $1")
                .bind(P::NAME)
                .fetch_one(&mut *db)
                .await?;
        if version != P::VERSION {
            return Ok(None);
        }
        let stored: Positions = POSITIONS.read(P::NAME, P::VERSION, &mut db).await?;
        let muted: Vec<(i32, i64)> =
            sqlx::query_as("SELECT lane, muted FROM process_position WHERE name = $1 AND version = $2")
                .bind(P::NAME)
                .bind(P::VERSION)
                .fetch_all(&mut *db)
                .await?;
        let open = instance::count(P::NAME, &mut db).await?;
        db.commit().await?;
        let muted = muted
            .into_iter()
            .map(|(lane, muted)| workers::from_columns(lane, muted));
        let retention = chrono::Duration::from_std(self.shared.config.retention).unwrap_or(chrono::Duration::MAX);
        Ok(Some(Tenure {
            lease,
            read: stored.clone(),
            stored,
            muted: muted.collect(),
            muted_until: since.checked_sub_signed(retention).unwrap_or(DateTime::<Utc>::MIN_UTC),
            open,
            measured: None,
        }))
    }

    async fn work(&self, mut tenure: Tenure, stop: &CancellationToken) -> Result<Ended, Failure> {
        let Shared {
            log, config, delivered, ..
        } = self.shared;
        let renewal = config.lease / 4;
        loop {
            let stopping = stop.is_cancelled();
            let events = log.read(&tenure.read, BATCH).await?;
            let input = Input {
                events: &events,
                caught_up: events.len() < BATCH / 2,
            };
            if !self.step(&mut tenure, &input).await? {
                return Ok(Ended::Lost);
            }
            if stopping {
                return Ok(Ended::Stopped);
            }
            if tenure.measured.is_none_or(|at| at.elapsed() >= renewal) {
                self.measure(tenure.open).await?;
                tenure.measured = Some(Instant::now());
            }
            if input.caught_up {
                let idle = if tenure.open == 0 {
                    renewal
                } else {
                    config.poll.min(renewal)
                };
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(idle) => {}
                    () = delivered.notified() => {}
                    () = async { log.wait(&tenure.read).await; tokio::time::sleep(config.pace).await } => {}
                }
            }
        }
    }

    /// Folds what is new, in one transaction. False: the lease is lost, and nothing was written.
    async fn step(&self, tenure: &mut Tenure, input: &Input<'_>) -> Result<bool, Failure> {
        let now = (self.shared.clock)();
        let mut tx = workers::begin(&self.shared.pool, BEGIN).await?;
        if !tenure.lease.renew(self.shared.config.lease, &mut *tx).await? {
            return Ok(false);
        }
        let sent = self.fold(tenure, input, now, &mut tx).await?;
        for event in input.events {
            tenure.read.advance(event.lane, event.position);
        }
        let moved: Vec<(u32, u64)> = tenure
            .read
            .iter()
            .filter(|(lane, position)| tenure.stored.get(*lane) != Some(*position))
            .collect();
        if !moved.is_empty() {
            POSITIONS.advance(P::NAME, P::VERSION, moved, &mut tx).await?;
        }
        tx.commit().await?;
        tenure.stored.clone_from(&tenure.read);
        if sent {
            self.shared.sent.notify_one();
        }
        Ok(true)
    }

    /// Folds events, then outcomes, then timers. Answers whether there is something to deliver.
    async fn fold(
        &self,
        tenure: &mut Tenure,
        input: &Input<'_>,
        now: DateTime<Utc>,
        tx: &mut PgConnection,
    ) -> Result<bool, sqlx::Error> {
        let wanted = input
            .events
            .iter()
            .filter(|event| P::EVENTS.contains(&&*event.event_type));
        let events: Vec<_> = wanted.map(|event| (event, self.process.facts(event))).collect();
        let outcomes = outbox::outcomes(P::NAME, SWEEP, tx).await?;
        let due = if input.caught_up && tenure.open > 0 {
            instance::due(P::NAME, now, SWEEP, tx).await?
        } else {
            Vec::new()
        };
        let keys: HashSet<String> = events
            .iter()
            .flat_map(|(_, facts)| facts.iter().map(|(key, _)| key))
            .chain(outcomes.iter().map(|(key, _)| key))
            .cloned()
            .chain(due)
            .collect();
        if keys.is_empty() {
            return Ok(false);
        }
        let mut batch = Batch {
            instances: instance::load(P::NAME, keys, tx).await?,
            sent: Vec::new(),
        };
        for (event, facts) in events {
            let muted = tenure
                .muted
                .get(event.lane)
                .is_some_and(|muted| event.position <= muted);
            for (key, fact) in facts {
                batch.apply::<P>(&key, event.event_id.to_string(), (muted, false), |state, out| {
                    self.process.event(state, fact, event, out);
                });
            }
        }
        for (key, done) in &outcomes {
            batch.apply::<P>(key, done.id.to_string(), (false, false), |state, out| {
                self.process.outcome(state, done, out);
            });
        }
        if input.caught_up {
            for (key, name, time) in batch.due(now) {
                // One that went off before it may have taken it back.
                if batch.takes(&key, &name, time) {
                    let cause = format!("{name}@{}", time.timestamp_micros());
                    let old = time < tenure.muted_until;
                    batch.apply::<P>(&key, cause, (false, old), |state, out| {
                        self.process.timer(state, &name, now, out);
                    });
                }
            }
        }
        tenure.open += instance::store(P::NAME, &batch.instances, tx).await?;
        outbox::told(outcomes.into_iter().map(|(_, done)| done.id).collect(), tx).await?;
        outbox::put(P::NAME, &batch.sent, tx).await
    }

    async fn measure(&self, open: i64) -> Result<(), sqlx::Error> {
        let open = open.unsigned_abs();
        let dead: i64 = sqlx::query_scalar("SELECT count(*) FROM process_effect WHERE name = $1 AND status = 'dead'")
            .bind(P::NAME)
            .fetch_one(&self.shared.pool)
            .await?;
        #[expect(clippy::cast_precision_loss, reason = "gauges")]
        {
            gauge!("tillroll_process_open", "process" => P::NAME).set(open as f64);
            gauge!("tillroll_process_dead_letters", "process" => P::NAME).set(dead as f64);
        }
        self.process.measure(Some(open)).await;
        Ok(())
    }
}

/// What a step works on.
struct Batch<S> {
    instances: Instances<S>,
    sent: Vec<Sent>,
}

impl<S> Batch<S> {
    fn apply<P: Process>(
        &mut self,
        key: &str,
        cause: String,
        (muted, old_timer): (bool, bool),
        fold: impl FnOnce(&mut S, &mut Out<'_>),
    ) {
        if let Some(instance) = self.instances.get_mut(key) {
            let mut out = Out {
                process: P::NAME,
                key,
                cause,
                muted,
                old_timer,
                timers: &mut instance.timers,
                sent: &mut self.sent,
            };
            fold(&mut instance.state, &mut out);
        }
    }

    /// The timers that are due, in the order of their times.
    fn due(&self, now: DateTime<Utc>) -> Vec<(String, String, DateTime<Utc>)> {
        let timers = self.instances.iter().flat_map(|(key, instance)| {
            let due = instance.timers.iter().filter(|(_, time)| **time <= now);
            due.map(|(name, time)| (key.clone(), name.clone(), *time))
        });
        let mut timers: Vec<_> = timers.collect();
        timers.sort_unstable_by(|one, other| (one.2, &one.0, &one.1).cmp(&(other.2, &other.0, &other.1)));
        timers
    }

    /// Takes a timer away; whether it was there.
    fn takes(&mut self, key: &str, name: &str, time: DateTime<Utc>) -> bool {
        self.instances.get_mut(key).is_some_and(|instance| {
            let there = instance.timers.get(name) == Some(&time);
            if there {
                instance.timers.remove(name);
            }
            there
        })
    }
}

async fn rest(duration: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(duration) => {}
    }
}
