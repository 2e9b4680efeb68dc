//! A running system, or the part of one that this process's roles ask for.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::database::Database;
use super::listeners::Listeners;
use super::parts::Parts;
use crate::config::Config;
use crate::lifecycle::Lifecycle;
use crate::world::World;

/// A running system.
#[derive(Debug)]
pub struct System {
    lifecycle: Lifecycle,
    http_addr: Option<SocketAddr>,
    operations_addr: Option<SocketAddr>,
    grpc_addr: Option<SocketAddr>,
    parts: Parts,
    database: Option<Database>,
}

impl System {
    /// Starts everything that the configuration asks for and returns when it takes requests.
    pub async fn start(config: &Config) -> anyhow::Result<System> {
        System::start_in(config, &World::default(), Lifecycle::new()).await
    }

    /// The same in another world, under a lifecycle that may end it while it starts.
    pub async fn start_in(config: &Config, world: &World, lifecycle: Lifecycle) -> anyhow::Result<System> {
        let embedded = config.roles.need_database() && config.database.url.is_none();
        if embedded {
            // Otherwise it would be the port that is said to be in use.
            postgres::check_free(&config.data.dir)?;
        }
        let listeners = Listeners::bind(config).await?;
        let (http_addr, grpc_addr) = (listeners.http_addr()?, listeners.grpc_addr()?);
        let operations_addr = listeners.operations_addr()?;
        let database = if config.roles.need_database() {
            Some(Database::serve(config, lifecycle.soft()).await?)
        } else {
            None
        };
        match Parts::start(config, world, listeners, database.as_ref()).await {
            Ok(parts) => Ok(System {
                lifecycle,
                http_addr,
                operations_addr,
                grpc_addr,
                parts,
                database,
            }),
            Err(error) => {
                if let Some(database) = database {
                    // The reason for the failure matters more than how the database went.
                    let _ = database.close(lifecycle.hard()).await;
                }
                Err(error)
            }
        }
    }

    /// Where the gateway listens, or in a process without one what operators ask; `None`: nowhere.
    #[must_use]
    pub fn http_addr(&self) -> Option<SocketAddr> {
        self.http_addr
    }

    /// Where operators ask; `None`: where the gateway listens, or nowhere.
    #[must_use]
    pub fn operations_addr(&self) -> Option<SocketAddr> {
        self.operations_addr
    }

    /// Where the gRPC services listen; `None` when they are reached inside the process only.
    #[must_use]
    pub fn grpc_addr(&self) -> Option<SocketAddr> {
        self.grpc_addr
    }

    /// The database, with its password: not for logs.
    #[must_use]
    pub fn database_url(&self) -> Option<&str> {
        self.database.as_ref().map(Database::url)
    }

    /// Returns when the system is asked to end; an error when it has to, because its database is gone.
    pub async fn asked_to_end(&self) -> anyhow::Result<()> {
        let lost = self
            .database
            .as_ref()
            .and_then(Database::embedded)
            .map_or_else(CancellationToken::new, postgres::Embedded::lost);
        tokio::select! {
            () = self.lifecycle.soft().cancelled() => Ok(()),
            lost = self.parts.database_lost_events() => anyhow::bail!("{lost}. Start this process again: it begins with what the database has"),
            () = lost.cancelled() => anyhow::bail!("the embedded PostgreSQL ended and did not come back; its log is postgres/server.log in the data folder"),
        }
    }

    /// Ends in good order: requests are drained, projectors stop, the store is closed, PostgreSQL goes last.
    pub async fn shutdown(self) -> anyhow::Result<()> {
        self.lifecycle.soft().cancel();
        self.parts.end(self.lifecycle.hard()).await;
        if let Some(database) = self.database {
            database
                .close(self.lifecycle.hard())
                .await
                .context("the database did not stop as it should")?;
        }
        Ok(())
    }
}
