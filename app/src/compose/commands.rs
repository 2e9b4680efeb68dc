//! The write services of a process, and what stands on its store: projectors, process managers, the sealer.

use anyhow::Context as _;
use eventstore::Store;
use eventstore::sealing::{SealConfig, Sealer};
use projections::Reconciler;
use sqlx::PgPool;

use super::database::Database;
use super::parts::Parts;
use crate::config::{Config, Role};
use crate::operations::Operations;
use crate::refresh_key;
use crate::seal_key;
use crate::world::World;

impl Parts {
    /// The store and what stands on it.
    pub(super) async fn write_side(
        &mut self,
        config: &Config,
        world: &World,
        database: &Database,
    ) -> anyhow::Result<()> {
        let pool = self.pool(database, "command", self.sizes.command, None);
        let store = Store::open(pool.clone(), eventstore::Config::new(world.ids.clone()))
            .await
            .context("the event store cannot be opened")?;
        database.recognise(store.continuity());
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
            // Who gives out no refresh tokens needs no key for them.
            let offers = config.roles.has(Role::Command);
            let key = offers.then(|| refresh_key::load(config)).transpose()?;
            let command = command(config, world, &store, &pool, key);
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
}

/// The write services on a store; without a key for refresh tokens lost answers to refreshes cannot be given again by another process.
#[must_use]
pub fn command(
    config: &Config,
    world: &World,
    store: &Store,
    pool: &PgPool,
    refresh_key: Option<[u8; 32]>,
) -> command::Command {
    let defaults = command::Config::new(store.clone(), pool.clone(), world.clock.clone(), world.ids.clone());
    command::Config {
        reservation_ttl: config.orders.reservation_ttl,
        refresh_key: refresh_key.unwrap_or(defaults.refresh_key),
        ..defaults
    }
    .build()
}
