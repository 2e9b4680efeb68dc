#![doc = include_str!("../README.md")]

pub mod cells;
pub mod consistency;
pub mod database;
pub mod error;
pub mod known;
mod lane;
pub mod list;
pub mod ranges;
mod reader;
mod replica;

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use replica::Replicas;

/// A replica that cannot be connected to within this time is not in good order.
const PROBE_PATIENCE: Duration = Duration::from_millis(500);

/// Where the read models are, and how long a read waits for them.
#[derive(Clone, Debug)]
pub struct Config {
    /// The database with the read models. Give its connections a `statement_timeout`: the services set none.
    pub pool: PgPool,
    /// How long a read waits for its consistency token when the request does not say.
    pub default_wait: Duration,
    /// The longest wait that a request may ask for; a longer one is cut to this.
    pub max_wait: Duration,
    /// Replicas of the database. They answer reads while [`Reads::watch_replicas`] finds them in good order. Give their connections a
    /// short time to be acquired: the primary is asked instead.
    pub replicas: Vec<PgPool>,
    /// How far behind the primary a replica may be and still answer reads without a consistency token.
    pub max_replica_lag: Duration,
}

impl Config {
    /// Waits of 2 seconds by default and of 10 at most, reading from `pool`.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            default_wait: Duration::from_secs(2),
            max_wait: Duration::from_secs(10),
            replicas: Vec::new(),
            max_replica_lag: Duration::from_secs(2),
        }
    }

    /// What services read from. Does no IO.
    #[must_use]
    pub fn build(self) -> Reads {
        Reads {
            replicas: Replicas::new(self.replicas, PROBE_PATIENCE),
            lanes: Arc::default(),
            pool: self.pool,
            default_wait: self.default_wait,
            max_wait: self.max_wait,
            max_replica_lag: self.max_replica_lag,
        }
    }
}

/// The read models as services read them: on the primary or on a replica, once they show what the reader has written. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reads {
    pool: PgPool,
    default_wait: Duration,
    max_wait: Duration,
    max_replica_lag: Duration,
    replicas: Replicas,
    /// How many lanes the log has, once that was asked for.
    lanes: Arc<OnceCell<i64>>,
}

impl Reads {
    /// What services read from without replicas, with the waits of [`Config::new`].
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Config::new(pool).build()
    }

    /// The primary.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The same read models through other connections to the primary.
    #[must_use]
    pub fn through(&self, pool: PgPool) -> Self {
        Self { pool, ..self.clone() }
    }

    /// Keeps finding out which replicas are near enough to the primary to answer, until `stop`; nothing to do without replicas.
    /// `primary` is asked for how far it is.
    pub async fn watch_replicas(self, primary: PgPool, stop: CancellationToken) {
        if !self.replicas.is_empty() {
            replica::watch(primary, self.replicas, self.max_replica_lag, stop).await;
        }
    }
}
