//! Bringing a database up to date.

use anyhow::Context as _;

use super::database::{Database, close_pool};

/// Applies the migrations that are missing and installs the read models' tables. Several processes may do so at the
/// same time.
pub async fn migrate(database: &Database) -> anyhow::Result<()> {
    let pool = database.pool("migrate", 2, None);
    let result = async {
        migrations::MIGRATOR
            .run(&pool)
            .await
            .context("the database cannot be migrated")?;
        projections::install(&pool)
            .await
            .context("the read models cannot be installed")
    }
    .await;
    close_pool(&pool).await;
    result
}
