//! All processes of one worker.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use eventstore::Log;
use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::config::{Clock, Config};
use crate::effect::{Effect, ErasedEffect};
use crate::follower::Follower;
use crate::process::Process;
use crate::shared::Shared;

type Run = Arc<dyn Fn(Arc<Shared>, CancellationToken) -> BoxFuture<'static, ()> + Send + Sync>;

/// Runs processes and delivers their effects. May run in every worker of a database: one at a time folds a process, all deliver.
#[derive(Clone)]
pub struct Engine {
    pool: PgPool,
    log: Log,
    clock: Clock,
    config: Config,
    processes: Vec<Run>,
    effects: HashMap<&'static str, Arc<dyn ErasedEffect>>,
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
            effects: HashMap::new(),
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
        self.effects.insert(E::KIND, Arc::new(effect));
        self
    }

    /// Works until `stop`. What fails is logged and tried again.
    pub async fn run(&self, stop: CancellationToken) {
        let shared = Arc::new(Shared {
            pool: self.pool.clone(),
            log: self.log.clone(),
            clock: Arc::clone(&self.clock),
            config: self.config,
            effects: self.effects.clone(),
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
