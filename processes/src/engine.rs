//! All processes of one worker.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use eventstore::Log;
use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::effect::{Courier, Effect};
use crate::follower::Follower;
use crate::process::Process;

/// Where the present time comes from, by which timers go off.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How processes work. The default suits a shop.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// How long a worker that died keeps the others waiting.
    pub lease: Duration,
    /// Between steps while there is something to read: nothing here is urgent, and large batches are cheap.
    pub pace: Duration,
    /// Between looks for what other workers left and for timers.
    pub poll: Duration,
    /// Longest delivery of an effect; well under the lease.
    pub patience: Duration,
    /// Before the second attempt to deliver an effect; twice as long before each further one.
    pub backoff: Duration,
    /// Longest time between attempts, of which there may be half as much more by chance.
    pub longest_backoff: Duration,
    /// An effect whose delivery failed this often is a dead letter.
    pub attempts: i32,
    /// How long the ids of effects are kept that are done. Timers that were due longer ago do not fire from a rebuild.
    pub retention: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            pace: Duration::from_millis(500),
            poll: Duration::from_secs(1),
            patience: Duration::from_secs(8),
            backoff: Duration::from_secs(1),
            longest_backoff: Duration::from_mins(5),
            attempts: 20,
            retention: Duration::from_hours(90 * 24),
        }
    }
}

/// What followers and deliverers share.
pub(crate) struct Shared {
    pub(crate) pool: PgPool,
    pub(crate) log: Log,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) couriers: HashMap<&'static str, Arc<dyn Courier>>,
    /// There is something to deliver.
    pub(crate) sent: Notify,
    /// Something was delivered.
    pub(crate) delivered: Notify,
}

type Run = Arc<dyn Fn(Arc<Shared>, CancellationToken) -> BoxFuture<'static, ()> + Send + Sync>;

/// Runs processes and delivers their effects. May run in every worker of a database: one at a time folds a process, all deliver.
#[derive(Clone)]
pub struct Engine {
    pool: PgPool,
    log: Log,
    clock: Clock,
    config: Config,
    processes: Vec<Run>,
    couriers: HashMap<&'static str, Arc<dyn Courier>>,
}

impl Engine {
    /// Without processes yet. Uses up to one connection per process and one per effect that is being delivered.
    #[must_use]
    pub fn new(pool: PgPool, log: Log, clock: Clock, config: Config) -> Self {
        Self {
            pool,
            log,
            clock,
            config,
            processes: Vec::new(),
            couriers: HashMap::new(),
        }
    }

    /// With this process.
    #[must_use]
    pub fn process<P: Process>(mut self, process: P) -> Self {
        let process = Arc::new(process);
        self.processes.push(Arc::new(move |shared, stop| {
            let process = Arc::clone(&process);
            async move { Follower::new(&*process, &shared).run(&stop).await }.boxed()
        }));
        self
    }

    /// With effects of this kind.
    #[must_use]
    pub fn effect<E: Effect>(mut self, effect: E) -> Self {
        self.couriers.insert(E::KIND, Arc::new(effect));
        self
    }

    /// Works until `stop`. What fails is logged and tried again.
    pub async fn run(&self, stop: CancellationToken) {
        let shared = Arc::new(Shared {
            pool: self.pool.clone(),
            log: self.log.clone(),
            clock: Arc::clone(&self.clock),
            config: self.config,
            couriers: self.couriers.clone(),
            sent: Notify::new(),
            delivered: Notify::new(),
        });
        let folding = self.processes.iter().map(|run| run(Arc::clone(&shared), stop.clone()));
        tokio::join!(join_all(folding), shared.deliver(&stop));
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
