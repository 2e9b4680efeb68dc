//! The database of a process: one that is configured, or the embedded one.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use eventstore::Continuity;
use log::LevelFilter;
use postgres::{Embedded, Options};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{pooler, room};
use crate::config::{Config, DatabaseUrl};

/// How long a configured database may take to answer for the first time: services of a deployment start together.
const FIRST_ANSWER: Duration = Duration::from_secs(30);
const REPLICA_CONNECTS_WITHIN: Duration = Duration::from_millis(500);
const ASK_EVERY: Duration = Duration::from_millis(250);

/// From here on a statement is slow to the driver.
const SLOW: Duration = Duration::from_secs(1);
/// Connections that are still in use by then are cut.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
const CLOSE_AGAIN_AFTER: Duration = Duration::from_millis(5);

/// A database that answers.
#[derive(Debug)]
pub struct Database {
    options: PgConnectOptions,
    url: String,
    embedded: Option<Embedded>,
    /// There is a pooler in front of it.
    pooled: bool,
    /// What this process has seen of the log, once it reads it.
    seen: Arc<OnceLock<Continuity>>,
}

impl Database {
    /// For a server: the embedded cluster is this process's alone. Gives up waiting for a configured database when
    /// `soft` is cancelled.
    pub async fn serve(config: &Config, soft: &CancellationToken) -> anyhow::Result<Database> {
        match &config.database.url {
            Some(_) => Database::configured(config, soft, FIRST_ANSWER).await,
            None => Ok(Database::of(Embedded::serve(&options(config)).await?)),
        }
    }

    /// For a command that may run beside a server.
    pub async fn attach(config: &Config) -> anyhow::Result<Database> {
        match &config.database.url {
            Some(_) => Database::configured(config, &CancellationToken::new(), Duration::ZERO).await,
            None => Ok(Database::of(Embedded::attach(&options(config)).await?)),
        }
    }

    fn of(embedded: Embedded) -> Database {
        Database {
            options: embedded.connect_options(),
            url: embedded.url(),
            embedded: Some(embedded),
            pooled: false,
            seen: Arc::default(),
        }
    }

    async fn configured(config: &Config, soft: &CancellationToken, patience: Duration) -> anyhow::Result<Database> {
        let url = config.database.url.as_ref().context("no database is configured")?;
        let options = url.options();
        let deadline = Instant::now() + patience;
        let mut reported = false;
        loop {
            match PgConnection::connect_with(&options.clone().disable_statement_logging()).await {
                Ok(connection) => {
                    connection.close().await?;
                    let pooled = pooler::check(&options)
                        .await
                        .with_context(|| format!("the database {url} (DATABASE_URL) cannot be used"))?;
                    return Ok(Database {
                        pooled,
                        seen: Arc::default(),
                        options,
                        url: url.expose().to_owned(),
                        embedded: None,
                    });
                }
                // Wrong credentials or an unknown database do not mend themselves; a server that is still starting
                // does.
                Err(error) if Instant::now() >= deadline || !may_pass(&error) => {
                    return Err(error).with_context(|| format!("the database {url} (DATABASE_URL) does not answer"));
                }
                Err(error) if !reported => {
                    tracing::info!("waiting for the database {url}: {error}");
                    reported = true;
                }
                Err(_) => {}
            }
            tokio::select! {
                () = soft.cancelled() => anyhow::bail!("stopped while waiting for the database"),
                () = sleep(ASK_EVERY) => {}
            }
        }
    }

    /// Where the database is, with its password: not for logs.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The embedded cluster, when that is what it is.
    #[must_use]
    pub fn embedded(&self) -> Option<&Embedded> {
        self.embedded.as_ref()
    }

    /// Fails when a pooler in front of it has fewer sessions than these pools may need together.
    pub(super) async fn check_room(&self, pools: &[PgPool]) -> anyhow::Result<()> {
        if !self.pooled {
            return Ok(());
        }
        let ours = || pools.iter().filter(|pool| !is_of_replica(pool));
        let needed = ours().map(|pool| pool.options().get_max_connections()).sum::<u32>();
        let open = ours().map(PgPool::size).sum::<u32>();
        pooler::has_room(&self.options, needed, open).await
    }

    /// How to connect to it.
    #[must_use]
    pub fn connect_options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// A pool of at most `connections`, opened as they are needed. `name` shows in `pg_stat_activity`; a statement
    /// that runs for longer than `limit` is given up.
    #[must_use]
    pub fn pool(&self, name: &str, connections: u32, limit: Option<Duration>) -> PgPool {
        self.pool_with(prepared(None, limit), name, connections)
    }

    /// The same for a server, which leaves the last connections of the database to the command line.
    #[must_use]
    pub fn serving_pool(&self, name: &str, connections: u32, limit: Option<Duration>) -> PgPool {
        self.pool_with(prepared(Some(Arc::clone(&self.seen)), limit), name, connections)
    }

    fn pool_with(&self, pool: PgPoolOptions, name: &str, connections: u32) -> PgPool {
        pool.max_connections(connections)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(named(&self.options, name))
    }

    /// From here on every new connection of a server's pools is refused when it leads to an older state than this process has seen.
    pub fn recognise(&self, seen: Continuity) {
        // Only one store is opened in a process.
        let _ = self.seen.set(seen);
    }

    /// One connection.
    ///
    /// # Errors
    /// When the database does not give one.
    pub async fn connect(&self) -> anyhow::Result<PgConnection> {
        let options = self.options.clone().application_name("tillroll");
        Ok(PgConnection::connect_with(&options).await?)
    }

    /// A pool of connections to a replica. Who waits long for one asks the primary instead.
    #[must_use]
    pub fn replica_pool(url: &DatabaseUrl, connections: u32, limit: Duration) -> PgPool {
        prepared(None, Some(limit))
            .max_connections(connections)
            .acquire_timeout(REPLICA_CONNECTS_WITHIN)
            .test_before_acquire(false)
            .connect_lazy_with(named(&url.options(), "replica"))
    }

    /// Leaves the database; stops the embedded cluster where this process is its last user. `hard` cuts its clean
    /// shutdown short.
    pub async fn close(self, hard: &CancellationToken) -> anyhow::Result<()> {
        if let Some(embedded) = self.embedded {
            embedded.stop(hard).await?;
        }
        Ok(())
    }
}

fn is_of_replica(pool: &PgPool) -> bool {
    pool.connect_options().get_application_name() == Some("tillroll replica")
}

/// The name shows in `pg_stat_activity`. Slow statements are logged at debug level only: those of a rebuild are slow by nature and thousands of letters
/// long, and PostgreSQL's own log has them under `log_min_duration_statement`.
fn named(options: &PgConnectOptions, name: &str) -> PgConnectOptions {
    options
        .clone()
        .application_name(&format!("tillroll {name}"))
        .log_slow_statements(LevelFilter::Debug, SLOW)
}

/// A pool whose statements are given up after `limit`. A server's leaves the last connections to others, and takes none to a database that has
/// lost what was `seen`: no restore leaves a connection alive, so every one after it is looked at. The limit is said to the
/// session and not at its start, where a pooler such as `PgBouncer` refuses it, or takes it and forgets it.
fn prepared(server: Option<Arc<OnceLock<Continuity>>>, limit: Option<Duration>) -> PgPoolOptions {
    let statement: Option<Arc<str>> =
        limit.map(|limit| format!("SET statement_timeout = {}", limit.as_millis()).into());
    PgPoolOptions::new().after_connect(move |connection, _| {
        let (statement, server) = (statement.clone(), server.clone());
        Box::pin(async move {
            if let Some(seen) = server {
                room::leave_some(connection).await?;
                if let Some(seen) = seen.get() {
                    seen.check(connection)
                        .await
                        .map_err(|error| sqlx::Error::Configuration(error.into()))?;
                }
            }
            if let Some(statement) = statement {
                connection.execute(&*statement).await?;
            }
            Ok(())
        })
    })
}

/// Closes a pool and returns when its connections are gone, at most after some seconds. The driver's own close may return
/// while a connection is still on its way back to the pool, which would then be cut by the end of PostgreSQL.
pub async fn close_pool(pool: &PgPool) {
    let closing = async {
        loop {
            pool.close().await;
            if pool.size() == 0 {
                break;
            }
            sleep(CLOSE_AGAIN_AFTER).await;
        }
    };
    if timeout(CLOSE_WITHIN, closing).await.is_err() {
        tracing::warn!(
            connections = pool.size(),
            "connections to the database were still in use at the end"
        );
    }
}

fn options(config: &Config) -> Options {
    Options {
        data_dir: config.data.dir.clone(),
        path: config.path.clone(),
    }
}

fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        // cannot_connect_now: it is starting up or shutting down.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code == "57P03"),
        _ => false,
    }
}
