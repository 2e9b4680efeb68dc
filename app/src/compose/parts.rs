//! What runs in a process, by its roles, and the order in which it ends.

use std::time::Duration;

use anyhow::Context as _;
use eventstore::Store;
use eventstore::sealing::{SealConfig, Sealer};
use projections::Reconciler;
use proto::transport::Transport;
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::database::{Database, close_pool};
use super::grpc::Services;
use super::history::history;
use super::listeners::Listeners;
use super::search::Search;
use super::standing::{Standing, Watch};
use super::{edge, migrate, room};
use crate::config::{Config, Pools, Role};
use crate::lifecycle::Group;
use crate::operations::Operations;
use crate::world::World;
use crate::seal_key;

/// How often the read models' lag is measured for the metrics.
const MEASURE_EVERY: Duration = Duration::from_secs(2);
/// No read is waited for longer than this by the gateway.
const LONGEST_READ: Duration = Duration::from_mins(1);

/// The parts of a process.
pub(super) struct Parts {
    /// Takes requests from outside the process.
    edge: Group,
    /// Fills the read models.
    projectors: Group,
    /// Process managers and the like.
    upkeep: Group,
    command: Option<command::Command>,
    store: Option<Store>,
    operations: Option<Operations>,
    pools: Vec<PgPool>,
    /// How many connections each of them has.
    sizes: Pools,
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
        let mut query = None;
        let (stands, standing) = watch::channel(Standing::default());
        if let Some(database) = database {
            self.sizes = room::pools(config, database).await?;
            migrate(database).await?;
            let search = self.search(config, world, database).await?;
            if roles.has(Role::Query) {
                let pool = self.pool(database, "query", self.sizes.query, Some(LONGEST_READ));
                let search = search.map(|search| self.searching(&search, &pool));
                let service = self.queries(config, database, pool.clone(), search);
                self.upkeep
                    .spawn(service.clone().watch_replicas(self.upkeep.stop_token()));
                // A file may take longer than any request.
                let own = self.pool(database, "exports", self.sizes.exports, None);
                let (exports, stop) = (service.clone(), self.upkeep.stop_token());
                self.upkeep.spawn(async move { exports.run_exports(own, stop).await });
                query = Some(service);
            }
            if roles.has(Role::Command) || roles.has(Role::Worker) || roles.has(Role::Projector) {
                self.write_side(config, world, database).await?;
            }
            self.watch(database, stands);
            database.check_room(&self.pools).await?;
        }
        let offered = self.command.clone().filter(|_| roles.has(Role::Command));
        if let Some(listener) = listeners.grpc {
            let mut services = Services::new(standing.clone());
            if let Some(command) = &offered {
                services = services.command(command);
                if let Some(operations) = &self.operations {
                    services = services.operations(operations);
                }
            }
            if let Some(query) = &query {
                services = services.query(query);
            }
            let (server, health) = services.on(listener, self.edge.stop_token())?;
            self.upkeep
                .spawn(health.follow(standing.clone(), self.edge.stop_token()));
            self.edge.spawn(async move {
                if let Err(error) = server.await {
                    tracing::error!("the gRPC server ended: {error}");
                }
            });
        }
        self.upkeep.spawn(edge::upkeep(self.upkeep.stop_token()));
        let mut operations = listeners.operations;
        if listeners.gateway.is_none()
            && let Some(listener) = operations.take()
        {
            self.edge.spawn(edge::operations(
                listener,
                standing.clone(),
                roles.has(Role::Command),
                self.edge.stop_token(),
            ));
        }
        if let Some(listener) = listeners.gateway {
            let command = match offered {
                Some(command) => {
                    let services = Services::new(standing.clone()).command(&command);
                    let services = match &self.operations {
                        Some(operations) => services.operations(operations),
                        None => services,
                    };
                    self.inside(services, &standing)
                }
                None => remote("TILLROLL_COMMAND_URL", config.services.command_url.as_deref())?,
            };
            let query = match query {
                Some(query) => self.inside(Services::new(standing.clone()).query(&query), &standing),
                None => remote("TILLROLL_QUERY_URL", config.services.query_url.as_deref())?,
            };
            let server = edge::gateway(
                config,
                world,
                listener,
                operations,
                command,
                query,
                self.edge.stop_token(),
            )?;
            self.edge.spawn(server);
        }
        Ok(())
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

    /// The search engine as reads use it.
    fn searching(&self, search: &Search, pool: &PgPool) -> query::SearchEngine {
        let reader = search.reader();
        let (watch, stop) = (reader.clone().watch(pool.clone()), self.upkeep.stop_token());
        self.upkeep.spawn(async move {
            tokio::select! {
                () = watch => {}
                () = stop.cancelled() => {}
            }
        });
        reader
    }

    /// The read services.
    fn queries(
        &mut self,
        config: &Config,
        database: &Database,
        pool: PgPool,
        search: Option<query::SearchEngine>,
    ) -> query::Query {
        let mut replicas = Vec::new();
        for url in &config.database.replicas {
            let replica = Database::replica_pool(url, self.sizes.query, LONGEST_READ);
            self.pools.push(replica.clone());
            replicas.push(replica);
        }
        let services = query::Config {
            feed: self.pool(database, "feed", self.sizes.feed, Some(LONGEST_READ)),
            replicas,
            search,
            stop: self.edge.stop_token(),
            ..query::Config::new(pool.clone()).history(history(pool))
        };
        services.build()
    }

    /// The store and what stands on it.
    async fn write_side(&mut self, config: &Config, world: &World, database: &Database) -> anyhow::Result<()> {
        let pool = self.pool(database, "command", self.sizes.command, None);
        let store = Store::open(pool.clone(), eventstore::Config::new(world.ids.clone()))
            .await
            .context("the event store cannot be opened")?;
        self.store = Some(store.clone());
        self.operations = Some(Operations::new(pool.clone(), store.clone(), world.clone()));
        if config.roles.has(Role::Projector) {
            let pool = self.pool(database, "projector", self.sizes.projector, None);
            // The embedded cluster has one server at a time: the leases of another one are those of a dead one.
            let settings = projections::Config {
                sole: database.embedded().is_some(),
                lease: config.projector.lease,
                ..projections::Config::default()
            };
            let runner = projections::Runner::new(pool, store.log(), settings);
            self.projectors.spawn(runner.run(self.projectors.stop_token()));
        }
        if config.roles.has(Role::Command) || config.roles.has(Role::Worker) {
            let command = services(config, world, &store, &pool);
            if config.roles.has(Role::Worker) {
                let (managers, stop) = (command.clone(), self.upkeep.stop_token());
                self.upkeep.spawn(async move { managers.run_processes(stop).await });
                let reconciler = Reconciler::new(pool.clone());
                self.upkeep.spawn(reconciler.run(self.upkeep.stop_token()));
                self.seal(config, world, database)?;
            }
            self.command = Some(command);
        }
        Ok(())
    }

    /// Seals the log, if that is wanted. It ends with the projectors, when no request writes any more.
    fn seal(&mut self, config: &Config, world: &World, database: &Database) -> anyhow::Result<()> {
        let Some(every) = config.seal.every else { return Ok(()) };
        let key = seal_key::load(config)?;
        let pool = self.pool(database, "sealer", self.sizes.sealer, None);
        let settings = SealConfig {
            every,
            witness: Some(seal_key::witness(config)),
            ..SealConfig::new(key, world.clock.clone(), (world.ids)())
        };
        let stop = self.projectors.stop_token();
        self.projectors
            .spawn(async move { Sealer::new(pool, settings).run(stop.cancelled()).await });
        Ok(())
    }

    fn pool(&mut self, database: &Database, name: &str, connections: u32, limit: Option<Duration>) -> PgPool {
        let pool = database.serving_pool(name, connections, limit);
        self.pools.push(pool.clone());
        pool
    }

    /// Looks how the process stands with its database, and how far the read models are: whoever fills them may be gone.
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

    /// A channel to services in this process, whose health is kept true.
    fn inside(&self, services: Services, standing: &watch::Receiver<Standing>) -> Transport {
        let (transport, health) = services.in_process();
        self.upkeep
            .spawn(health.follow(standing.clone(), self.edge.stop_token()));
        transport
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

/// The write services on a store.
#[must_use]
pub fn services(config: &Config, world: &World, store: &Store, pool: &PgPool) -> command::Command {
    let defaults = command::Config::new(store.clone(), pool.clone(), world.clock.clone(), world.ids.clone());
    command::Config {
        reservation_ttl: config.orders.reservation_ttl,
        ..defaults
    }
    .build()
}

fn remote(variable: &str, url: Option<&str>) -> anyhow::Result<Transport> {
    let url = url.with_context(|| format!("{variable} is not set"))?;
    Transport::remote(url).with_context(|| format!("{variable} cannot be used"))
}
