//! The worker that folds a process: it holds the lease and follows the log.

use std::time::Duration;

use metrics::gauge;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use workers::Leases;

use crate::fold::{Input, fold};
use crate::process::Process;
use crate::session::{POSITIONS, Session};
use crate::shared::Shared;
use crate::start::install;

const PROCESSES: Leases = Leases::of("process", "name");
/// Events per read of the log.
const BATCH: usize = 4_096;
/// Begins a step. Not durable at once: what a crash of the database takes back is read again. Rows are reached by key only: the tables
/// are empty time and again, and what the planner then knows of them would have all of their rows looked at.
const BEGIN: &str = "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; \
                     SET LOCAL enable_sort = off; SET LOCAL plan_cache_mode = force_generic_plan";

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Why a session ended.
enum SessionEnd {
    Stopped,
    LeaseLost,
}

pub(crate) struct Follower<'a, P> {
    process: &'a P,
    shared: &'a Shared,
}

impl<'a, P: Process> Follower<'a, P> {
    pub(crate) fn new(process: &'a P, shared: &'a Shared) -> Self {
        Self { process, shared }
    }

    /// Works while it has the lease, until `stop`.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let mut owner = None;
        while !stop.is_cancelled() {
            match self.session(&mut owner, stop).await {
                Ok(SessionEnd::Stopped) => return,
                Ok(SessionEnd::LeaseLost) => {}
                Err(error) => tracing::warn!(process = P::NAME, error = &*error, "a process starts again"),
            }
            sleep_unless_stopped(self.shared.config.poll * 2, stop).await;
        }
    }

    async fn session(&self, owner: &mut Option<Uuid>, stop: &CancellationToken) -> Result<SessionEnd, Failure> {
        let pool = &self.shared.pool;
        let id = if let Some(id) = owner {
            *id
        } else {
            install(P::NAME, P::VERSION, (self.shared.clock)(), pool).await?;
            *owner.insert(workers::owner(pool).await?)
        };
        let ttl = self.shared.config.lease;
        let Some(lease) = PROCESSES.take(P::NAME, id, ttl, false, pool).await? else {
            return Ok(SessionEnd::LeaseLost);
        };
        let ended = match Session::open::<P>(lease.clone(), self.shared).await? {
            Some(session) => self.work(session, stop).await,
            None => Ok(SessionEnd::LeaseLost),
        };
        self.process.measure(None).await;
        gauge!("tillroll_process_open", "process" => P::NAME).set(0);
        gauge!("tillroll_process_dead_letters", "process" => P::NAME).set(0);
        lease.release(pool).await?;
        ended
    }

    async fn work(&self, mut session: Session, stop: &CancellationToken) -> Result<SessionEnd, Failure> {
        let Shared {
            log, config, delivered, ..
        } = self.shared;
        let renewal = config.lease / 4;
        loop {
            let stopping = stop.is_cancelled();
            let events = log.read(&session.read, BATCH).await?;
            let input = Input {
                events: &events,
                caught_up: events.len() < BATCH / 2,
            };
            if !self.step(&mut session, &input).await? {
                return Ok(SessionEnd::LeaseLost);
            }
            if stopping {
                return Ok(SessionEnd::Stopped);
            }
            if session.measured_at.is_none_or(|at| at.elapsed() >= renewal) {
                self.measure(session.open).await?;
                session.measured_at = Some(Instant::now());
            }
            if input.caught_up {
                let idle = if session.open == 0 {
                    renewal
                } else {
                    config.poll.min(renewal)
                };
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(idle) => {}
                    () = delivered.notified() => {}
                    () = async { log.wait(&session.read).await; tokio::time::sleep(config.pace).await } => {}
                }
            }
        }
    }

    /// Folds what is new, in one transaction. False: the lease is lost, and nothing was written.
    async fn step(&self, session: &mut Session, input: &Input<'_>) -> Result<bool, Failure> {
        let now = (self.shared.clock)();
        let mut tx = workers::begin(&self.shared.pool, BEGIN).await?;
        if !session.lease.renew(self.shared.config.lease, &mut *tx).await? {
            return Ok(false);
        }
        let to_deliver = fold(self.process, session, input, now, &mut tx).await?;
        for event in input.events {
            session.read.advance(event.lane, event.position);
        }
        let moved: Vec<(u32, u64)> = session
            .read
            .iter()
            .filter(|(lane, position)| session.stored.get(*lane) != Some(*position))
            .collect();
        if !moved.is_empty() {
            POSITIONS.advance(P::NAME, P::VERSION, moved, &mut tx).await?;
        }
        tx.commit().await?;
        session.stored.clone_from(&session.read);
        if to_deliver {
            self.shared.sent.notify_one();
        }
        Ok(true)
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

async fn sleep_unless_stopped(duration: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(duration) => {}
    }
}
