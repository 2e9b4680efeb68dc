//! A version in the making.

use std::time::Duration;

use eventstore::{Log, Positions};
use futures::StreamExt as _;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::catalog;
use crate::cursor::CURSORS;
use crate::error::Error;
use crate::projection::Projection;
use crate::rebuild::{Phase, Progress};

/// After how long without a sign of life another process may continue a build.
pub const CLAIM: Duration = Duration::from_secs(15);

pub(crate) struct Build {
    pub(crate) pool: PgPool,
    pub(crate) log: Log,
    pub(crate) projection: &'static dyn Projection,
    /// The version that serves.
    pub(crate) active: i32,
    /// The version in the making.
    pub(crate) version: i32,
    /// Whether both come from the same code, so that they must be equal.
    pub(crate) comparable: bool,
    builder: Uuid,
    /// Keeps the claim alive; ends with this value.
    _beat: Beat,
}

/// Aborts its task when dropped.
struct Beat(tokio::task::JoinHandle<()>);

impl Drop for Beat {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Build {
    /// Claims the build that was cut off, or begins a new one.
    pub(crate) async fn begin(pool: &PgPool, log: &Log, projection: &'static dyn Projection) -> Result<Self, Error> {
        let name = projection.name();
        drop_retired(pool, projection).await?;
        let mut tx = workers::begin(pool, "BEGIN").await?;
        // The row of the active version is the lock of all that changes versions.
        let active: Option<(i32, i32, Uuid)> = sqlx::query_as(
            "SELECT version, code_version, gen_random_uuid() FROM projections
             WHERE name = $1 AND state = 'active' FOR UPDATE",
        )
        .bind(name)
        .fetch_optional(&mut *tx)
        .await?;
        let Some((active, active_code, builder)) = active else {
            return Err(Error::NotInstalled { name: name.to_owned() });
        };
        let left: Option<(i32, i32, bool)> = sqlx::query_as(
            "SELECT version, code_version, coalesce(
                 builder_until BETWEEN clock_timestamp() AND clock_timestamp() + interval '10 minutes', false) FROM projections
             WHERE name = $1 AND state = 'building'",
        )
        .bind(name)
        .fetch_optional(&mut *tx)
        .await?;
        let version = match left {
            Some((_, _, true)) => return Err(Error::Building { name: name.to_owned() }),
            Some((version, code, false)) if code == projection.code_version() => version,
            Some((version, _, false)) => {
                remove(projection, version, &mut tx).await?;
                next(projection, &mut tx).await?
            }
            None => next(projection, &mut tx).await?,
        };
        claim(name, version, builder, &mut tx).await?;
        tx.commit().await?;
        Ok(Self {
            pool: pool.clone(),
            log: log.clone(),
            projection,
            active,
            version,
            comparable: active_code == projection.code_version(),
            builder,
            _beat: Beat(tokio::spawn(beat(pool.clone(), name, version, builder))),
        })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.projection.name()
    }

    /// Fails when the claim was lost; holds it until the transaction ends otherwise.
    pub(crate) async fn check_claim(&self, connection: &mut PgConnection) -> Result<(), Error> {
        let mine = sqlx::query(
            "SELECT FROM projections
             WHERE name = $1 AND version = $2 AND state = 'building' AND builder = $3 FOR KEY SHARE",
        )
        .bind(self.name())
        .bind(self.version)
        .bind(self.builder)
        .fetch_optional(connection)
        .await?;
        mine.map(|_| ()).ok_or_else(|| Error::Building {
            name: self.name().to_owned(),
        })
    }

    pub(crate) async fn phase(&self) -> Result<String, Error> {
        Ok(
            sqlx::query_scalar("SELECT phase FROM projections WHERE name = $1 AND version = $2")
                .bind(self.name())
                .bind(self.version)
                .fetch_one(&self.pool)
                .await?,
        )
    }

    /// Moves from one phase to the next, with the statements that belong to the step.
    pub(crate) async fn enter(&self, phase: &str, statements: Vec<String>) -> Result<(), Error> {
        let mut tx = workers::begin(&self.pool, "BEGIN").await?;
        self.check_claim(&mut tx).await?;
        sqlx::query("SET LOCAL work_mem = '128MB'").execute(&mut *tx).await?;
        for statement in statements {
            sqlx::query(&statement).execute(&mut *tx).await?;
        }
        sqlx::query("UPDATE projections SET phase = $3 WHERE name = $1 AND version = $2")
            .bind(self.name())
            .bind(self.version)
            .bind(phase)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Makes the indexes of what was copied, some at the same time.
    pub(crate) async fn index(&self, at_once: usize, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<(), Error> {
        if self.phase().await? != "index" {
            return Ok(());
        }
        let tables = self.projection.tables();
        let statements: Vec<String> = tables
            .iter()
            .flat_map(|table| table.create_indexes(self.version))
            .collect();
        let total = u64::try_from(statements.len()).unwrap_or(u64::MAX);
        let mut making = futures::stream::iter(statements)
            .map(|statement| make_index(self.pool.clone(), statement))
            .buffer_unordered(at_once);
        let mut done = 0;
        while let Some(made) = making.next().await {
            made?;
            done += 1;
            progress(Progress {
                phase: Phase::Index,
                done,
                total,
            });
        }
        for table in tables {
            sqlx::query(&format!("ANALYZE {}", table.name(self.version)))
                .execute(&self.pool)
                .await?;
        }
        self.enter("catch_up", Vec::new()).await
    }

    /// The cursors of the version in the making.
    pub(crate) async fn positions(&self) -> Result<Positions, Error> {
        Ok(CURSORS
            .read(self.name(), self.version, &mut *self.pool.acquire().await?)
            .await?)
    }

    /// Up to where to build: never past the active version, so that the two can be brought to the same place; when there is nothing
    /// to compare, up to the heads.
    pub(crate) async fn bounds(&self) -> Result<Positions, Error> {
        let mut bounds: Positions = CURSORS
            .read(self.name(), self.active, &mut *self.pool.acquire().await?)
            .await?;
        if !self.comparable {
            bounds.merge(&self.log.heads().await?);
        }
        Ok(bounds)
    }

    pub(crate) async fn parked_in(&self, version: i32) -> Result<i64, Error> {
        Ok(
            sqlx::query_scalar("SELECT count(*) FROM projection_dead_letter WHERE name = $1 AND version = $2")
                .bind(self.name())
                .bind(version)
                .fetch_one(&self.pool)
                .await?,
        )
    }

    /// Drops the version in the making.
    pub(crate) async fn discard(&self) -> Result<(), Error> {
        let mut tx = workers::begin(&self.pool, "BEGIN").await?;
        self.check_claim(&mut tx).await?;
        remove(self.projection, self.version, &mut tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn make_index(pool: PgPool, statement: String) -> Result<(), sqlx::Error> {
    let mut tx = workers::begin(&pool, "BEGIN; SET LOCAL maintenance_work_mem = '256MB'").await?;
    sqlx::query(&statement).execute(&mut *tx).await?;
    tx.commit().await
}

async fn next(projection: &dyn Projection, connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    let version: i32 = sqlx::query_scalar("SELECT max(version) + 1 FROM projections WHERE name = $1")
        .bind(projection.name())
        .fetch_one(&mut *connection)
        .await?;
    catalog::create_version(projection, version, "building", connection).await?;
    Ok(version)
}

async fn claim(name: &str, version: i32, builder: Uuid, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE projections SET builder = $3, builder_until = clock_timestamp() + make_interval(secs => $4)
         WHERE name = $1 AND version = $2",
    )
    .bind(name)
    .bind(version)
    .bind(builder)
    .bind(CLAIM.as_secs_f64())
    .execute(connection)
    .await?;
    Ok(())
}

async fn beat(pool: PgPool, name: &'static str, version: i32, builder: Uuid) {
    loop {
        tokio::time::sleep(CLAIM / 5).await;
        let alive = sqlx::query(
            "UPDATE projections SET builder_until = clock_timestamp() + make_interval(secs => $4)
             WHERE name = $1 AND version = $2 AND builder = $3",
        )
        .bind(name)
        .bind(version)
        .bind(builder)
        .bind(CLAIM.as_secs_f64())
        .execute(&pool)
        .await;
        if let Err(error) = alive {
            tracing::warn!(%error, projection = name, "the rebuild's claim was not renewed");
        }
    }
}

/// Drops the tables of versions that serve no longer. A reader that still has one open is waited for, shortly; what is left then is
/// dropped by the next rebuild.
pub(crate) async fn drop_retired(pool: &PgPool, projection: &dyn Projection) -> Result<(), Error> {
    let retired: Vec<i32> = sqlx::query_scalar(
        "SELECT DISTINCT version FROM projections p JOIN projection_cursor c USING (name, version)
         WHERE p.name = $1 AND p.state = 'retired'",
    )
    .bind(projection.name())
    .fetch_all(pool)
    .await?;
    for version in retired {
        let mut tx = workers::begin(pool, "BEGIN; SET LOCAL lock_timeout = '2s'").await?;
        match remove(projection, version, &mut tx).await {
            Ok(()) => tx.commit().await?,
            Err(error) => {
                tracing::warn!(%error, projection = projection.name(), version, "a retired version was not dropped");
            }
        }
    }
    Ok(())
}

/// Drops a version's tables and books. Its row stays, retired, so that the number is not given out again.
async fn remove(projection: &dyn Projection, version: i32, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    for table in projection.tables() {
        sqlx::query(&format!("DROP TABLE IF EXISTS {}", table.name(version)))
            .execute(&mut *connection)
            .await?;
    }
    for books in ["projection_cursor", "projection_lease", "projection_dead_letter"] {
        sqlx::query(&format!("DELETE FROM {books} WHERE name = $1 AND version = $2"))
            .bind(projection.name())
            .bind(version)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("UPDATE projections SET state = 'retired', builder = NULL WHERE name = $1 AND version = $2")
        .bind(projection.name())
        .bind(version)
        .execute(connection)
        .await?;
    Ok(())
}
