//! The loop of one projection in one process.

use std::sync::Arc;
use std::time::Duration;

use eventstore::{Log, Positions, Recorded};
use metrics::{counter, histogram};
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::batch::{BatchError, Target};
use crate::config::Config;
use crate::cursor::{self, CURSORS};
use crate::lease::{self, Held, Terms};
use crate::outage::{Failure, Outages};
use crate::projection::Projection;

const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

pub(crate) struct Worker {
    pub(crate) pool: PgPool,
    pub(crate) log: Log,
    pub(crate) config: Config,
    pub(crate) projection: &'static dyn Projection,
    pub(crate) owner: Uuid,
    pub(crate) outages: Arc<Outages>,
}

/// What a worker knows between batches.
struct State {
    held: Held,
    positions: Positions,
    renew_at: Instant,
    /// Events since the last renewal.
    events: u64,
    since: Instant,
    backoff: Duration,
}

impl Worker {
    /// Projects until the token is cancelled; batches are never torn.
    pub(crate) async fn run(self, token: CancellationToken) {
        let now = Instant::now();
        let mut state = State {
            held: Held::nothing(self.owner),
            positions: Positions::new(),
            renew_at: now,
            events: 0,
            since: now,
            backoff: FIRST_BACKOFF,
        };
        while !token.is_cancelled() {
            match self.step(&mut state, &token).await {
                Ok(rest) => {
                    self.outages.succeeded(self.projection.name());
                    state.backoff = FIRST_BACKOFF;
                    pause(rest, &token).await;
                }
                Err(failure) => {
                    self.outages.failed(self.projection.name(), &failure);
                    pause(state.backoff, &token).await;
                    state.backoff = (state.backoff * 2).min(LONGEST_BACKOFF);
                    state.renew_at = Instant::now();
                }
            }
        }
    }

    /// Renews leases if that is due, then applies a batch or waits for one. Returns how long to rest.
    async fn step(&self, state: &mut State, token: &CancellationToken) -> Result<Duration, Failure> {
        if Instant::now() >= state.renew_at {
            self.renew(state).await?;
        }
        if state.held.leases.is_empty() {
            return Ok(state.renew_at.saturating_duration_since(Instant::now()));
        }
        // Waiting first: reading at the end of the log would ask the database whether it is the end.
        tokio::select! {
            () = self.log.wait(&state.positions) => {}
            () = token.cancelled() => return Ok(Duration::ZERO),
            () = tokio::time::sleep_until(state.renew_at) => return Ok(Duration::ZERO),
        }
        let batch = self.log.read(&state.positions, self.config.batch).await?;
        if batch.is_empty() {
            return Ok(self.config.pace.calm);
        }
        self.apply(&batch, state).await
    }

    async fn apply(&self, batch: &[Recorded], state: &mut State) -> Result<Duration, Failure> {
        let name = self.projection.name();
        let started = Instant::now();
        let target = Target {
            pool: &self.pool,
            projection: self.projection,
            held: &state.held,
        };
        match target.apply(batch).await {
            Ok(parked) => {
                state
                    .positions
                    .extend(batch.iter().map(|event| (event.lane, event.position)));
                state.events += count(batch.len());
                let elapsed = started.elapsed();
                histogram!("projection_apply_seconds", "projection" => name).record(elapsed.as_secs_f64());
                #[expect(clippy::cast_precision_loss, reason = "batches are small")]
                histogram!("projection_batch_events", "projection" => name).record(batch.len() as f64);
                counter!("projection_events_total", "projection" => name).increment(count(batch.len()));
                counter!("projection_parked_total", "projection" => name).increment(count(parked));
                Ok(self.config.pace.rest(batch.len(), self.config.batch, elapsed))
            }
            // Another worker has the lanes, or a rebuild switched: look who has what.
            Err(BatchError::LeaseLost) => {
                state.renew_at = Instant::now();
                state.held = Held::nothing(self.owner);
                Ok(Duration::ZERO)
            }
            Err(BatchError::Poison { reason, .. }) => Err(reason.into()),
            Err(BatchError::Failed(error)) => Err(error.into()),
        }
    }

    async fn renew(&self, state: &mut State) -> Result<(), sqlx::Error> {
        let now = Instant::now();
        let seconds = now.duration_since(state.since).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = if seconds > 0.0 {
            state.events as f64 / seconds
        } else {
            0.0
        };
        let terms = Terms {
            name: self.projection.name(),
            code_version: self.projection.code_version(),
            owner: self.owner,
            ttl: self.config.lease,
        };
        let held = lease::renew(&self.pool, terms, rate).await?;
        if held != state.held {
            let mut connection = self.pool.acquire().await?;
            let all: Positions = CURSORS.read(terms.name, held.version, &mut connection).await?;
            let leased = |lane: u32| {
                let lane = cursor::lane_column(lane);
                held.leases
                    .iter()
                    .any(|lease| (lease.first_lane..=lease.last_lane).contains(&lane))
            };
            state.positions = all.iter().filter(|(lane, _)| leased(*lane)).collect();
            state.held = held;
        }
        state.events = 0;
        state.since = now;
        state.renew_at = now + self.config.renewal();
        Ok(())
    }
}

async fn pause(duration: Duration, token: &CancellationToken) {
    if !duration.is_zero() {
        tokio::select! {
            () = token.cancelled() => {}
            () = tokio::time::sleep(duration) => {}
        }
    }
}

fn count(events: usize) -> u64 {
    u64::try_from(events).unwrap_or(u64::MAX)
}
