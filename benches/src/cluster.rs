//! The PostgreSQL that everything runs on: Tillroll's own embedded cluster, with the settings that production has.

use anyhow::Result;
use app::postgres::{Embedded, Options};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio_util::sync::CancellationToken;

/// A private cluster in a temporary folder.
pub(crate) struct Cluster {
    embedded: Embedded,
    folder: tempfile::TempDir,
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
        let embedded = Embedded::serve(&Options {
            data_dir: folder.path().to_owned(),
            path,
        })
        .await?;
        Ok(Self { embedded, folder })
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
        Ok(Database { url, pool })
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.embedded.stop(&CancellationToken::new()).await?;
        self.folder.close()?;
        Ok(())
    }
}
