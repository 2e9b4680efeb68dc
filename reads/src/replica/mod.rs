//! Replicas of the database, and which of them may answer.
//!
//! A replica answers while it is known to be near the primary: a watcher compares how far the read models have come on both. Until it
//! has been seen once it is left out, and so it is after any failure, until it has been seen again.

mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use metrics::{Counter, Gauge, counter, gauge};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::watch::{Sender, channel};

pub(crate) use watch::watch;

/// A replica of the primary.
#[derive(Debug)]
pub(crate) struct Replica {
    name: String,
    pool: PgPool,
    /// One connection for looking after it, however busy the pool is.
    probe: PgPool,
    used: Sender<bool>,
    /// Whether it was ever said that it is used or left out.
    reported: AtomicBool,
    metrics: Metrics,
}

#[derive(Debug)]
struct Metrics {
    up: Gauge,
    lag: Gauge,
    served: Counter,
    passed_over: Counter,
    failed: Counter,
}

/// All replicas; a cheap clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replicas {
    all: Arc<[Arc<Replica>]>,
    turn: Arc<AtomicUsize>,
}

impl Replicas {
    pub(crate) fn new(pools: Vec<PgPool>, patience: Duration) -> Self {
        let all = pools.into_iter().map(|pool| Arc::new(Replica::new(pool, patience)));
        Self {
            all: all.collect(),
            turn: Arc::default(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// One that may answer, in turn.
    pub(crate) fn pick(&self) -> Option<&Replica> {
        if self.all.is_empty() {
            return None;
        }
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        (0..self.all.len())
            .filter_map(|offset| self.all.get(first.wrapping_add(offset) % self.all.len()))
            .map(AsRef::as_ref)
            .find(|replica| replica.is_used())
    }
}

impl Replica {
    fn new(pool: PgPool, patience: Duration) -> Self {
        let options = pool.connect_options();
        let name = format!("{}:{}", options.get_host(), options.get_port());
        let probe = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(patience)
            .connect_lazy_with(options.as_ref().clone());
        let reads = |outcome: &'static str| counter!("tillroll_replica_reads_total", "replica" => name.clone(), "outcome" => outcome);
        let metrics = Metrics {
            up: gauge!("tillroll_replica_up", "replica" => name.clone()),
            lag: gauge!("tillroll_replica_lag_seconds", "replica" => name.clone()),
            served: reads("served"),
            passed_over: reads("passed_over"),
            failed: reads("failed"),
        };
        metrics.up.set(0);
        metrics.lag.set(f64::INFINITY);
        Self {
            name,
            pool,
            probe,
            used: channel(false).0,
            reported: AtomicBool::new(false),
            metrics,
        }
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    fn is_used(&self) -> bool {
        *self.used.borrow()
    }

    /// Returns when the replica is left out from now on.
    pub(crate) async fn given_up(&self) {
        let mut used = self.used.subscribe();
        // The sender lives as long as this value, so that waiting cannot fail.
        let _ = used.wait_for(|used| !used).await;
    }

    pub(crate) fn served(&self) {
        self.metrics.served.increment(1);
    }

    pub(crate) fn passed_over(&self) {
        self.metrics.passed_over.increment(1);
    }

    /// Leaves it out until it has been seen in good order again.
    pub(crate) fn failed(&self) {
        self.metrics.failed.increment(1);
        self.set_used(false, "a read failed there");
    }

    /// It cannot even be said how far it is behind.
    fn leave_out(&self, reason: &str) {
        self.metrics.lag.set(f64::INFINITY);
        self.set_used(false, reason);
    }

    fn set_used(&self, used: bool, reason: &str) {
        let reported = self.reported.swap(true, Ordering::Relaxed);
        if self.used.send_replace(used) == used && reported {
            return;
        }
        self.metrics.up.set(if used { 1.0 } else { 0.0 });
        if used {
            tracing::info!(replica = self.name, "the replica answers reads");
        } else {
            tracing::warn!(replica = self.name, reason, "the replica is left out");
        }
    }
}
