//! All projections of one process.

use std::sync::Arc;
use std::time::Duration;

use eventstore::Log;
use metrics::gauge;
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::catalog::all;
use crate::config::Config;
use crate::lease;
use crate::outage::Outages;
use crate::projection::chain;
use crate::status::{State, Status, status};
use crate::worker::Worker;

/// Projects events into all read models, together with the runners of other processes.
pub struct Runner {
    pool: PgPool,
    log: Log,
    config: Config,
}

impl Runner {
    /// A runner that reads `log` and writes through `pool`, of which it uses up to one connection per projection. The projections
    /// must be installed: [`crate::install`].
    #[must_use]
    pub fn new(pool: PgPool, log: Log, config: Config) -> Self {
        Self { pool, log, config }
    }

    /// Projects until the token is cancelled, then gives its lanes back. Whatever fails is logged and tried again.
    pub async fn run(self, token: CancellationToken) {
        let Some(owner) = self.register(&token).await else {
            return;
        };
        let outages = Arc::new(Outages::default());
        let mut tasks = JoinSet::new();
        for projection in all() {
            let worker = Worker {
                pool: self.pool.clone(),
                log: self.log.clone(),
                config: self.config,
                projection: *projection,
                owner,
                outages: Arc::clone(&outages),
            };
            tasks.spawn(worker.run(token.clone()));
        }
        tasks.spawn(keep_alive(self.pool.clone(), self.config, owner, token));
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(reason = chain(&error), "a projector ended");
            }
        }
        if let Err(error) = lease::release(&self.pool, owner).await {
            tracing::warn!(reason = chain(&error), "leases were not given back and will run out");
        }
    }

    /// Gets a name and shows up among the workers; `None` when cancelled before the database could be reached.
    async fn register(&self, token: &CancellationToken) -> Option<Uuid> {
        let mut reported = false;
        loop {
            match self.try_register().await {
                Ok(owner) => return Some(owner),
                Err(_) if reported => {}
                Err(error) => {
                    reported = true;
                    tracing::warn!(reason = chain(&error), "projectors cannot start yet");
                }
            }
            sleep_unless_cancelled(Duration::from_millis(500), token).await?;
        }
    }

    async fn try_register(&self) -> Result<Uuid, sqlx::Error> {
        let owner = workers::owner(&self.pool).await?;
        lease::heartbeat(&self.pool, owner, self.config.lease).await?;
        if self.config.sole {
            lease::evict_others(&self.pool, owner).await?;
        }
        Ok(owner)
    }
}

async fn keep_alive(pool: PgPool, config: Config, owner: Uuid, token: CancellationToken) {
    while sleep_unless_cancelled(config.renewal(), &token).await.is_some() {
        if let Err(error) = lease::heartbeat(&pool, owner, config.lease).await {
            // The workers renew their leases on the same database and tell of its outage.
            tracing::debug!(reason = chain(&error), "the projectors' sign of life failed");
        }
    }
}

/// Measures the active read models' lag and their parked events for the metrics, until the token is cancelled. Any process of the
/// database can, so that a lag is seen when all projectors are gone.
pub async fn measure(pool: PgPool, interval: Duration, token: CancellationToken) {
    while sleep_unless_cancelled(interval, &token).await.is_some() {
        match status(&pool).await {
            Ok(all) => all
                .iter()
                .filter(|status| status.state == State::Active)
                .for_each(publish),
            Err(error) => tracing::debug!(reason = chain(&error), "the projections' lag was not measured"),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
fn publish(status: &Status) {
    let name = status.name.clone();
    gauge!("projection_lag_events", "projection" => name.clone()).set(status.lag_events as f64);
    gauge!("projection_lag_seconds", "projection" => name.clone()).set(status.lag_seconds);
    gauge!("projection_parked_events", "projection" => name.clone()).set(status.parked as f64);
    gauge!("projection_skipped_events", "projection" => name).set(status.skipped as f64);
}

/// Sleeps; `None` when the token was cancelled meanwhile.
async fn sleep_unless_cancelled(duration: Duration, token: &CancellationToken) -> Option<()> {
    tokio::select! {
        () = token.cancelled() => None,
        () = tokio::time::sleep(duration) => Some(()),
    }
}
