//! The PostgreSQL that everything runs on: Tillroll's own embedded cluster, with the settings that production has.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use postgres::{Embedded, Options};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, PgConnection};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// 64 clients of pgbench, a server with all of its pools, and what the part itself looks with, at the same time.
const CONNECTIONS: u32 = 300;

/// A private cluster in a temporary folder.
pub(crate) struct Cluster {
    embedded: Embedded,
    folder: tempfile::TempDir,
    /// The pools of the databases that were given out.
    pools: Mutex<Vec<PgPool>>,
}

/// A database of its own for one measurement.
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) pool: PgPool,
}

impl Cluster {
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        #[expect(clippy::disallowed_methods, reason = "where to look for PostgreSQL's programs")]
        let path = std::env::var_os("PATH");
        let options = Options {
            data_dir: folder.path().to_owned(),
            path,
        };
        // Takes effect at the next start; all other settings are those of production.
        let embedded = Embedded::serve(&options).await?;
        let mut connection = PgConnection::connect(&embedded.url()).await?;
        sqlx::raw_sql(&format!("ALTER SYSTEM SET max_connections = {CONNECTIONS}"))
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        embedded.stop(&CancellationToken::new()).await?;
        Ok(Self {
            embedded: Embedded::serve(&options).await?,
            folder,
            pools: Mutex::default(),
        })
    }

    /// Closes the pools of the databases that were given out and waits until every connection is gone: the next part begins as the only one.
    pub(crate) async fn rest(&self) -> Result<()> {
        let pools = std::mem::take(&mut *self.pools.lock().unwrap_or_else(PoisonError::into_inner));
        for pool in pools {
            pool.close().await;
        }
        let mut connection = PgConnection::connect(&self.embedded.url()).await?;
        let start = Instant::now();
        loop {
            let others: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
            )
            .fetch_one(&mut connection)
            .await?;
            if others == 0 {
                break;
            }
            ensure!(
                start.elapsed() < Duration::from_secs(30),
                "{others} connections of the last part are still open"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        connection.close().await?;
        Ok(())
    }

    /// A new database with the schema of today.
    pub(crate) async fn database(&self, name: &str) -> Result<Database> {
        let admin = PgPoolOptions::new()
            .max_connections(1)
            .connect(&self.embedded.url())
            .await?;
        sqlx::raw_sql(&format!("CREATE DATABASE {name}"))
            .execute(&admin)
            .await?;
        let url = self.embedded.url().replace("/tillroll?", &format!("/{name}?"));
        let options: PgConnectOptions = url.parse()?;
        let pool = PgPoolOptions::new().max_connections(16).connect_with(options).await?;
        migrations::MIGRATOR.run(&pool).await?;
        admin.close().await;
        self.pools
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(pool.clone());
        Ok(Database { url, pool })
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.embedded.stop(&CancellationToken::new()).await?;
        self.folder.close()?;
        Ok(())
    }
}
