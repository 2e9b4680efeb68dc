//! What runs in a process, by its roles, and the order in which it ends.

use std::time::Duration;

use eventstore::Store;
use sqlx::{Connection as _, PgPool};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::database::{Database, close_pool};
use super::listeners::Listeners;
use super::search::Search;
use super::standing::{Standing, Watch};
use super::{edge, migrate, room};
use crate::config::{Config, Pools, Role};
use crate::lifecycle::Group;
use crate::operations::Operations;
use crate::world::World;

/// How often the read models' lag is measured for the metrics.
const MEASURE_EVERY: Duration = Duration::from_secs(2);

/// The parts of a process.
pub(super) struct Parts {
    /// Takes requests from outside the process.
    pub(super) edge: Group,
    /// Fills the read models.
    pub(super) projectors: Group,
    /// Process managers and the like.
    pub(super) upkeep: Group,
    pub(super) command: Option<command::Command>,
    pub(super) store: Option<Store>,
    pub(super) operations: Option<Operations>,
    pub(super) pools: Vec<PgPool>,
    /// How many connections each of them has.
    pub(super) sizes: Pools,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Parts")
            .field("command", &self.command)
            .field("pools", &self.pools)
            .finish_non_exhaustive()
    }
}

impl Parts {
    pub(super) async fn start(
        config: &Config,
        world: &World,
        listeners: Listeners,
        database: Option<&Database>,
    ) -> anyhow::Result<Parts> {
        let mut parts = Parts {
            edge: Group::new("the requests under way"),
            projectors: Group::new("the projectors"),
            upkeep: Group::new("the process managers"),
            command: None,
            store: None,
            operations: None,
            pools: Vec::new(),
            sizes: Pools::default(),
        };
        match parts.fill(config, world, listeners, database).await {
            Ok(()) => Ok(parts),
            Err(error) => {
                parts.end(&CancellationToken::new()).await;
                Err(error)
            }
        }
    }

    async fn fill(
        &mut self,
        config: &Config,
        world: &World,
        listeners: Listeners,
        database: Option<&Database>,
    ) -> anyhow::Result<()> {
        // Before anything that counts is built: what is counted earlier is lost.
        edge::collect_metrics();
        let roles = &config.roles;
        let mut queries = None;
        let (stands, standing) = watch::channel(Standing::default());
        if let Some(database) = database {
            let mut connection = database.connect().await?;
            self.sizes = room::pools(config, &mut connection).await?;
            connection.close().await?;
            migrate(database).await?;
            let search = self.search(config, world, database).await?;
            if roles.has(Role::Query) {
                queries = Some(self.read_side(config, database, search.as_ref()));
            }
            if roles.has(Role::Command) || roles.has(Role::Worker) || roles.has(Role::Projector) {
                self.write_side(config, world, database).await?;
            }
            self.watch(database, stands);
            database.check_room(&self.pools).await?;
        }
        self.serve(config, world, listeners, queries.as_ref(), &standing)
    }

    /// The search engine, if this process searches or may keep the index up to date.
    async fn search(&mut self, config: &Config, world: &World, database: &Database) -> anyhow::Result<Option<Search>> {
        let queries = config.roles.has(Role::Query);
        if !queries && (config.search.meili_url.is_none() || !config.roles.has(Role::Projector)) {
            return Ok(None);
        }
        let pool = self.pool(database, "search", self.sizes.search, None);
        let search = Search::open(config, world, &pool).await?;
        let indexer = search.indexer(pool, database.embedded().is_some());
        self.projectors.spawn(indexer.run(self.projectors.stop_token()));
        Ok(Some(search))
    }

    pub(super) fn pool(
        &mut self,
        database: &Database,
        name: &str,
        connections: u32,
        limit: Option<Duration>,
    ) -> PgPool {
        let pool = database.serving_pool(name, connections, limit);
        self.pools.push(pool.clone());
        pool
    }

    /// Watches the state of the database, and how far the read models are: the process that fills them may be gone.
    fn watch(&mut self, database: &Database, stands: watch::Sender<Standing>) {
        let stop = self.upkeep.stop_token();
        if let Some(pool) = self.pools.first() {
            self.upkeep
                .spawn(projections::measure(pool.clone(), MEASURE_EVERY, stop.clone()));
        }
        // Not one of those that leave the last connections alone: that others have taken them is no reason to be unready.
        let pool = database.pool("health", self.sizes.health, None);
        self.pools.push(pool.clone());
        let watch = Watch {
            pool,
            options: database.connect_options().clone(),
            store: self.store.clone(),
            notice: database.embedded().map(postgres::Embedded::notice),
        };
        self.upkeep.spawn(watch.run(stands, stop));
    }

    /// Returns when the database turns out to have lost what this process has seen of it.
    pub(super) async fn database_lost_events(&self) -> eventstore::MissingEvent {
        match &self.store {
            Some(store) => store.continuity().broken().await,
            None => std::future::pending().await,
        }
    }

    /// Ends everything: requests are drained first, then the projectors and process managers stop, then the store is
    /// closed.
    pub(super) async fn end(self, hard: &CancellationToken) {
        self.edge.end(hard).await;
        tokio::join!(self.projectors.end(hard), self.upkeep.end(hard));
        let close = async {
            if let Some(command) = &self.command {
                command.close().await;
            }
            if let Some(store) = &self.store {
                store.close().await;
            }
        };
        tokio::select! {
            () = close => {}
            () = hard.cancelled() => {}
        }
        let pools = async {
            for pool in &self.pools {
                close_pool(pool).await;
            }
        };
        tokio::select! {
            () = pools => {}
            () = hard.cancelled() => {}
        }
    }
}
