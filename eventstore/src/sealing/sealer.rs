//! The loop that keeps the log sealed.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use metrics::{counter, gauge};
use seal::{Checkpoint, SignedCheckpoint, SigningKey};
use sqlx::PgPool;
use tokio::time::{Instant, sleep};
use uuid::Uuid;
use workers::Lease;

use super::error::SealError;
use super::lease;
use super::step::{Step, StepResult};
use super::witness::Witness;
use crate::{Clock, chain};

/// How the log is sealed. [`SealConfig::new`] fills in what suits a shop; override by struct update.
#[derive(Clone)]
pub struct SealConfig {
    /// Signs.
    pub key: SigningKey,
    /// The time that checkpoints bear.
    pub clock: Clock,
    /// Names the sealer among others: unique for each.
    pub owner: Uuid,
    /// How long an event waits for its checkpoint at most, while there is time.
    pub every: Duration,
    /// So many waiting events are sealed at once, and no more of them by one checkpoint.
    pub batch: u64,
    /// How often is looked for new events.
    pub poll: Duration,
    /// How long another sealer waits for one that has died.
    pub lease: Duration,
    /// Remembers outside of the database what was sealed; `None`: it is known as long as the process lives.
    pub witness: Option<Witness>,
}

impl SealConfig {
    /// The default settings with this key, clock and owner.
    #[must_use]
    pub fn new(key: SigningKey, clock: Clock, owner: Uuid) -> Self {
        Self {
            key,
            clock,
            owner,
            every: Duration::from_secs(10),
            batch: 20_000,
            poll: Duration::from_millis(500),
            lease: Duration::from_secs(15),
            witness: None,
        }
    }
}

impl fmt::Debug for SealConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealConfig")
            .field("key", &self.key)
            .field("every", &self.every)
            .field("batch", &self.batch)
            .finish_non_exhaustive()
    }
}

/// Seals the log of one database. Any number may run; one at a time works.
#[derive(Clone, Debug)]
pub struct Sealer {
    pool: PgPool,
    config: SealConfig,
}

/// What a sealer knows between two looks.
#[derive(Default)]
struct SealerState {
    newest: Option<Checkpoint>,
    /// The newest checkpoint has been looked at since this sealer works.
    checked: bool,
    /// Since when events wait.
    waiting_since: Option<Instant>,
    renew_at: Option<Instant>,
    /// The last complaint, so that it is logged once.
    complaint: String,
    /// What the database was told of it under this lease.
    recorded_complaint: Option<String>,
}

impl Sealer {
    /// A sealer of the log in `pool`'s database.
    #[must_use]
    pub fn new(pool: PgPool, config: SealConfig) -> Self {
        Self { pool, config }
    }

    /// Seals until `stop` is ready, then once more, so that a system that ends in order is sealed to its end.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        let mut stop = pin!(stop);
        let mut state = SealerState::default();
        let mut lease = None;
        loop {
            self.seal_if_due(&mut state, &mut lease, false).await;
            let pause = pin!(sleep(self.config.poll));
            if let Either::Left(_) = select(&mut stop, pause).await {
                break;
            }
        }
        if lease.is_some() {
            self.seal_if_due(&mut state, &mut lease, true).await;
        }
        if let Some(lease) = lease {
            // If this fails, the next sealer waits for the lease to run out.
            let _ = lease.release(&self.pool).await;
        }
    }

    /// Seals everything that is there now; the events sealed and the newest checkpoint.
    ///
    /// # Errors
    /// [`SealError::LeaseLost`] when another sealer is at work.
    pub async fn seal_all(&self) -> Result<(u64, Option<Checkpoint>), SealError> {
        let lease = self.take().await?;
        let result = self.seal_rest(&lease).await;
        lease.release(&self.pool).await?;
        result
    }

    /// Takes what the database holds for what was sealed, whatever the witness remembers, and seals the rest: after a backup was restored,
    /// or another database has taken the place of the one before.
    ///
    /// # Errors
    /// As [`Sealer::seal_all`].
    pub async fn start_over(&self) -> Result<(u64, Option<Checkpoint>), SealError> {
        let lease = self.take().await?;
        let result = async {
            let first = self.step(&lease, None).await?;
            if let (None, Some(witness)) = (&first.newest, &self.config.witness) {
                witness.keep(None).await?;
            }
            let (sealed, newest) = self.seal_rest(&lease).await?;
            lease::record_complaint(&self.pool, &lease, None).await?;
            Ok((first.events + sealed, newest))
        };
        let result = result.await;
        lease.release(&self.pool).await?;
        result
    }

    async fn take(&self) -> Result<Lease, SealError> {
        let lease = lease::renew_or_take(&self.pool, None, self.config.owner, self.config.lease).await?;
        lease.ok_or(SealError::LeaseLost)
    }

    async fn seal_rest(&self, lease: &Lease) -> Result<(u64, Option<Checkpoint>), SealError> {
        let (mut sealed, mut newest) = (0, None);
        loop {
            let step = self.step(lease, self.known(newest)?.as_ref()).await?;
            sealed += step.events;
            newest = step.newest;
            if step.waiting == 0 {
                return Ok((sealed, newest));
            }
        }
    }

    /// What must be found in the database: what the witness remembers, or else this sealer.
    fn known(&self, newest: Option<Checkpoint>) -> Result<Option<Checkpoint>, SealError> {
        match &self.config.witness {
            Some(witness) => Ok(witness.newest()?.map(|signed| signed.checkpoint)),
            None => Ok(newest),
        }
    }

    async fn step(&self, lease: &Lease, known: Option<&Checkpoint>) -> Result<StepResult, SealError> {
        let step = Step {
            pool: &self.pool,
            key: &self.config.key,
            lease,
            ttl: self.config.lease,
            batch: self.config.batch.max(1),
            witness: self.config.witness.as_ref(),
        };
        step.seal((self.config.clock)(), known).await
    }

    /// Seals if that is due. Failures are logged and tried again at the next poll.
    async fn seal_if_due(&self, state: &mut SealerState, lease: &mut Option<Lease>, last: bool) {
        let result = self.try_seal_if_due(state, lease, last).await;
        self.record_complaint(state, lease.as_ref(), result.as_ref().err())
            .await;
        match result {
            Ok(()) => {
                if !state.complaint.is_empty() {
                    tracing::info!("the log is sealed again");
                }
                state.complaint.clear();
            }
            Err(SealError::LeaseLost) => {
                *lease = None;
                state.renew_at = None;
            }
            Err(error) => {
                counter!("tillroll_seal_failures_total").increment(1);
                let complaint = chain(&error);
                match &error {
                    SealError::Broken(_) if complaint != state.complaint => {
                        tracing::error!("nothing is sealed any more: {complaint}");
                    }
                    _ if complaint != state.complaint => {
                        tracing::warn!("sealing failed and is tried again: {complaint}");
                    }
                    _ => {}
                }
                state.complaint = complaint;
                state.renew_at = None;
            }
        }
    }

    /// Has the database know whether sealing goes on, for those who ask.
    async fn record_complaint(&self, state: &mut SealerState, lease: Option<&Lease>, error: Option<&SealError>) {
        let Some(lease) = lease.filter(|_| !matches!(error, Some(SealError::LeaseLost))) else {
            state.recorded_complaint = None;
            return;
        };
        let complaint = error.map(|error| chain(error)).unwrap_or_default();
        if state.recorded_complaint.as_ref() != Some(&complaint) {
            let recorded_complaint =
                lease::record_complaint(&self.pool, lease, Some(&*complaint).filter(|text| !text.is_empty())).await;
            // In vain while the database fails: the next look notes it again.
            state.recorded_complaint = recorded_complaint.is_ok().then_some(complaint);
        }
    }

    async fn try_seal_if_due(
        &self,
        state: &mut SealerState,
        lease: &mut Option<Lease>,
        last: bool,
    ) -> Result<(), SealError> {
        let now = Instant::now();
        if state.renew_at.is_none_or(|at| now >= at) {
            *lease = lease::renew_or_take(&self.pool, lease.clone(), self.config.owner, self.config.lease).await?;
            state.renew_at = Some(now + self.config.lease / 3);
        }
        let Some(held) = lease.as_ref() else {
            gauge!("tillroll_seal_leader").set(0.0);
            (state.newest, state.checked) = (None, false);
            return Ok(());
        };
        gauge!("tillroll_seal_leader").set(1.0);
        let waiting = self.waiting(state).await?;
        if !state.checked {
            // Also when nothing waits: the end of the log may have been cut off together with its checkpoints.
            self.seal_waiting(state, held, waiting).await?;
            state.checked = true;
        } else if waiting == 0 {
            state.waiting_since = None;
        } else {
            let since = *state.waiting_since.get_or_insert(now);
            if last || waiting >= self.config.batch || now.duration_since(since) >= self.config.every {
                let limit = if last { u64::MAX } else { waiting };
                self.seal_waiting(state, held, limit).await?;
            }
        }
        self.publish_metrics(state);
        Ok(())
    }

    /// Seals `limit` events and what of their checkpoints is over.
    async fn seal_waiting(&self, state: &mut SealerState, lease: &Lease, limit: u64) -> Result<(), SealError> {
        let mut left = limit;
        loop {
            let known = self.known(state.newest.clone())?;
            let step = self.step(lease, known.as_ref()).await?;
            if step.events > 0 {
                counter!("tillroll_seal_checkpoints_total").increment(1);
                counter!("tillroll_seal_events_total").increment(step.events);
            }
            state.newest = step.newest;
            state.waiting_since = (step.waiting > 0).then(Instant::now);
            left = left.saturating_sub(step.events.max(1));
            if step.waiting == 0 || left == 0 {
                return Ok(());
            }
        }
    }

    /// How many events are not sealed yet.
    async fn waiting(&self, state: &SealerState) -> Result<u64, SealError> {
        let mut connection = self.pool.acquire().await?;
        let sealed = if let Some(newest) = &state.newest {
            newest.events()
        } else {
            let newest = super::checkpoints::newest(&mut connection).await?;
            let newest = newest.and_then(|(_, note)| note.parse::<SignedCheckpoint>().ok());
            newest.map_or(0, |signed| signed.checkpoint.events())
        };
        let total: i64 = sqlx::query_scalar("SELECT coalesce(sum(head), 0)::bigint FROM lanes")
            .fetch_one(&mut *connection)
            .await?;
        let waiting = total.cast_unsigned().abs_diff(sealed); // less than was sealed: the step says so
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        gauge!("tillroll_seal_lag_events").set(waiting as f64);
        Ok(waiting)
    }

    fn publish_metrics(&self, state: &SealerState) {
        if let Some(newest) = &state.newest {
            let age = (self.config.clock)().signed_duration_since(newest.time);
            #[expect(clippy::cast_precision_loss, reason = "a gauge")]
            gauge!("tillroll_seal_checkpoint_age_seconds").set(age.num_milliseconds().max(0) as f64 / 1000.0);
            #[expect(clippy::cast_precision_loss, reason = "a gauge")]
            gauge!("tillroll_seal_sealed_events").set(newest.events() as f64);
        }
        let oldest = state.waiting_since.map_or(0.0, |since| since.elapsed().as_secs_f64());
        gauge!("tillroll_seal_lag_seconds").set(oldest);
    }
}
