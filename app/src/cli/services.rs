//! The services inside a command's own process, on the same database as those of a server that may be running beside it.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Context as _;
use eventstore::{Positions, Store};
use http::{Request, Response};
use proto::caller::{Caller, Part};
use proto::guard::Guard;
use proto::transport::Transport;
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tower::{Layer as _, Service};

use super::session::Work;
use crate::compose;
use crate::config::Config;
use crate::operations::Operations;
use crate::world::World;

/// How often is looked whether the read models show what came in.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Read models that stand still are mentioned after a while,
const TELL_AFTER: Duration = Duration::from_secs(5);
/// and not waited for any longer after this.
const PATIENCE: Duration = Duration::from_secs(30);
/// A read that takes longer is given up.
const LONGEST_READ: Duration = Duration::from_mins(1);

/// Opened services; close them.
pub(super) struct Services {
    store: Store,
    command: command::Command,
    queries: compose::Queries,
    operations: Operations,
    command_pool: PgPool,
    query_pool: PgPool,
    projecting: Option<Projecting>,
}

/// Projectors of this process.
struct Projecting {
    task: JoinHandle<()>,
    stop: CancellationToken,
    pool: PgPool,
}

/// An import touches each order once; only products and claims come back.
const CACHED_BYTES: u64 = 8 << 20;

impl Services {
    /// Opens the services on a database whose schema is up to date.
    pub(super) async fn open(config: &Config, world: &World, work: &Work) -> anyhow::Result<Services> {
        // Servers leave this many to the command line, and no more.
        let command_pool = work.database.pool("cli command", 4, None);
        let query_pool = work.database.pool("cli query", 2, Some(LONGEST_READ));
        let settings = eventstore::Config {
            cached_bytes: CACHED_BYTES,
            ..eventstore::Config::new(world.ids.clone())
        };
        let store = Store::open(command_pool.clone(), settings)
            .await
            .context("the event store cannot be opened")?;
        let command = compose::command(config, world, &store, &command_pool, None);
        let queries = compose::Queries::new(query_pool.clone());
        let operations = Operations::new(command_pool.clone(), store.clone(), world.clone());
        Ok(Services {
            store,
            command,
            queries,
            operations,
            command_pool,
            query_pool,
            projecting: None,
        })
    }

    /// The event store.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// The write services themselves.
    pub(super) fn command(&self) -> &command::Command {
        &self.command
    }

    /// A channel to the write services.
    pub(super) fn commands(&self) -> Transport {
        inside(self.command.routes())
    }

    /// A channel to what operators do about read models.
    pub(super) fn operations(&self) -> Transport {
        inside(self.operations.server())
    }

    /// A channel to what operators do about processes.
    pub(super) fn process_operations(&self) -> Transport {
        inside(self.operations.process_server())
    }

    /// A channel to the read services.
    pub(super) fn queries(&self) -> Transport {
        inside(compose::query_routes(&self.queries))
    }

    /// Sees to it that the read models keep up. Beside a server of the embedded cluster, its projectors do; otherwise
    /// this process lends a hand, since there may be no other.
    pub(super) fn project(&mut self, config: &Config, work: &Work) {
        if config.database.url.is_none() && postgres::serving_process(&config.data.dir).is_some() {
            return;
        }
        let pool = work.database.pool("cli projector", 12, None);
        let stop = CancellationToken::new();
        // Without a server on the embedded cluster, leases are those of a dead one.
        let settings = projections::Config {
            sole: config.database.url.is_none(),
            ..projections::Config::default()
        };
        let runner = projections::Runner::new(pool.clone(), self.store.log(), settings);
        let task = tokio::spawn(runner.run(stop.clone()));
        self.projecting = Some(Projecting { task, stop, pool });
    }

    /// Returns when every read model shows what the log holds now, or when those that do not have stood still for too long, which it says.
    /// On a terminal it says meanwhile how far they are.
    pub(super) async fn caught_up(&self) -> anyhow::Result<()> {
        let heads = self.store.log().heads().await?;
        let (mut before, mut moved, mut reported) = (Vec::new(), Instant::now(), false);
        let bar = indicatif::ProgressBar::with_draw_target(None, indicatif::ProgressDrawTarget::stderr_with_hz(5));
        if let Ok(style) = indicatif::ProgressStyle::with_template("{spinner} {msg}  {elapsed_precise}") {
            bar.set_style(style);
        }
        loop {
            let behind = projections::behind(&self.query_pool, &heads).await?;
            if behind.is_empty() {
                bar.finish_and_clear();
                return Ok(());
            }
            let names = || {
                behind
                    .iter()
                    .map(|(name, _)| name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let missing = behind.iter().map(|(_, positions)| missing(positions, &heads)).max();
            bar.set_message(format!(
                "everything is stored; read models follow, {} events to go: {}",
                missing.unwrap_or_default(),
                names()
            ));
            bar.tick();
            if behind != before {
                moved = Instant::now();
            } else if moved.elapsed() >= PATIENCE {
                bar.finish_and_clear();
                eprintln!(
                    "{} still not catching up: everything is stored, and they show it later; `tillroll projections` says how they stand",
                    names()
                );
                return Ok(());
            } else if moved.elapsed() >= TELL_AFTER && !reported {
                bar.suspend(|| eprintln!("waiting for the read models to catch up: {}", names()));
                reported = true;
            }
            before = behind;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Leaves the store and its connections in order.
    pub(super) async fn close(self) {
        if let Some(Projecting { task, stop, pool }) = self.projecting {
            stop.cancel();
            if let Err(error) = task.await {
                tracing::error!("the projectors ended unexpectedly: {error}");
            }
            compose::close_pool(&pool).await;
        }
        self.command.close().await;
        self.store.close().await;
        compose::close_pool(&self.query_pool).await;
        compose::close_pool(&self.command_pool).await;
    }
}

/// A channel to services of this process, for whoever runs the system.
fn inside<S>(server: S) -> Transport
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    Transport::in_process(Guard::inside().layer(server)).by(Caller::system(Part::Operator, "cli"))
}

/// How many events are not shown yet.
fn missing(shown: &Positions, heads: &Positions) -> u64 {
    heads
        .iter()
        .map(|(lane, head)| head.saturating_sub(shown.get(lane).unwrap_or_default()))
        .sum()
}
