//! Bringing a database up to date.

use anyhow::Context as _;
use sqlx::PgPool;

use super::database::{Database, close_pool};

/// Applies the migrations that are missing and installs the read models' tables. Several processes may do so at the
/// same time.
pub async fn migrate(database: &Database) -> anyhow::Result<()> {
    let pool = database.pool("migrate", 2, None);
    let result = async {
        apply(&pool).await?;
        install(&pool).await
    }
    .await;
    close_pool(&pool).await;
    result
}

/// The same for a command, which needs no right to change the schema where nothing is missing, and works on a newer one.
pub async fn bring_up(database: &Database) -> anyhow::Result<()> {
    let pool = database.pool("migrate", 2, None);
    let result = async {
        if !is_complete(&pool).await.context("the schema cannot be looked at")? {
            apply(&pool).await?;
        }
        install(&pool).await
    }
    .await;
    close_pool(&pool).await;
    result
}

/// Whether every migration of this program was applied.
async fn is_complete(pool: &PgPool) -> Result<bool, sqlx::Error> {
    let begun: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(pool)
        .await?;
    if !begun {
        return Ok(false);
    }
    let applied: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
        .fetch_all(pool)
        .await?;
    Ok(migrations::MIGRATOR
        .iter()
        .all(|migration| applied.contains(&migration.version)))
}

async fn apply(pool: &PgPool) -> anyhow::Result<()> {
    migrations::MIGRATOR
        .run(pool)
        .await
        .context("the database cannot be migrated")
}

async fn install(pool: &PgPool) -> anyhow::Result<()> {
    projections::install(pool)
        .await
        .context("the read models cannot be installed")
}
