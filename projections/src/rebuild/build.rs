//! A version in the making.

use std::time::Duration;

use eventstore::{Log, Positions};
use futures::StreamExt as _;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use workers::{HELD, Heartbeat, Lease, Leases};

use crate::catalog;
use crate::cursor::CURSORS;
use crate::error::Error;
use crate::projection::Projection;
use crate::rebuild::{Phase, Progress};

/// How long the lease of a rebuild lasts: another process may continue the build of one that ended after this time.
pub const REBUILD_LEASE: Duration = Duration::from_secs(15);

/// The leases of rebuilds, one for each projection.
const REBUILDS: Leases = Leases::of("projection_rebuild", "name");

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
    pub(crate) lease: Lease,
    /// Renews the lease until this value is dropped.
    _beat: Heartbeat,
}

impl Build {
    /// Continues the build that was cut off, or begins a new one.
    pub(crate) async fn begin(pool: &PgPool, log: &Log, projection: &'static dyn Projection) -> Result<Self, Error> {
        let name = projection.name();
        drop_retired(pool, projection).await?;
        let mut tx = workers::begin(pool, "BEGIN").await?;
        // The row of the active version is the lock of all that changes versions.
        let active: Option<(i32, i32)> = sqlx::query_as(
            "SELECT version, code_version FROM projections WHERE name = $1 AND state = 'active' FOR UPDATE",
        )
        .bind(name)
        .fetch_optional(&mut *tx)
        .await?;
        let Some((active, active_code)) = active else {
            return Err(Error::NotInstalled { name: name.to_owned() });
        };
        let lease = take_lease(name, &mut tx).await?;
        // Processes of earlier releases hold a build by `builder_until` alone.
        let unfinished: Option<(i32, i32, bool)> = sqlx::query_as(
            "SELECT version, code_version, coalesce(
                 builder_until BETWEEN clock_timestamp() AND clock_timestamp() + interval '10 minutes', false) FROM projections
             WHERE name = $1 AND state = 'building'",
        )
        .bind(name)
        .fetch_optional(&mut *tx)
        .await?;
        let version = match unfinished {
            Some((_, _, true)) => return Err(building(name)),
            Some((version, code, false)) if code == projection.code_version() => version,
            Some((version, _, false)) => {
                remove(projection, version, &mut tx).await?;
                begin_next(projection, &mut tx).await?
            }
            None => begin_next(projection, &mut tx).await?,
        };
        sqlx::query("UPDATE projections SET builder = $3, builder_until = NULL WHERE name = $1 AND version = $2")
            .bind(name)
            .bind(version)
            .bind(lease.owner)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        let beat = Heartbeat::start(lease.clone(), REBUILD_LEASE, pool.clone(), CancellationToken::new());
        Ok(Self {
            pool: pool.clone(),
            log: log.clone(),
            projection,
            active,
            version,
            comparable: active_code == projection.code_version(),
            lease,
            _beat: beat,
        })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.projection.name()
    }

    /// Holds the lease until the transaction ends: nobody takes it over meanwhile.
    ///
    /// # Errors
    /// [`Error::Building`] when it is lost.
    pub(crate) async fn hold_lease(&self, connection: &mut PgConnection) -> Result<(), Error> {
        let statement = format!(
            "SELECT FROM projection_rebuild JOIN projections p USING (name)
             WHERE name = $1 AND {HELD} AND p.version = $4 AND p.state = 'building' AND p.builder = $2
             FOR KEY SHARE OF projection_rebuild"
        );
        let held = sqlx::query(&statement)
            .bind(&self.lease.name)
            .bind(self.lease.owner)
            .bind(self.lease.fence)
            .bind(self.version)
            .fetch_optional(connection)
            .await?;
        held.map(drop).ok_or_else(|| building(self.name()))
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
        self.hold_lease(&mut tx).await?;
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
        self.hold_lease(&mut tx).await?;
        remove(self.projection, self.version, &mut tx).await?;
        self.lease.release(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn make_index(pool: PgPool, statement: String) -> Result<(), sqlx::Error> {
    let mut tx = workers::begin(&pool, "BEGIN; SET LOCAL maintenance_work_mem = '256MB'").await?;
    sqlx::query(&statement).execute(&mut *tx).await?;
    tx.commit().await
}

fn building(name: &str) -> Error {
    Error::Building { name: name.to_owned() }
}

async fn take_lease(name: &str, connection: &mut PgConnection) -> Result<Lease, Error> {
    let owner = workers::owner(&mut *connection).await?;
    sqlx::query("INSERT INTO projection_rebuild (name) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(name)
        .execute(&mut *connection)
        .await?;
    let lease = REBUILDS.take(name, owner, REBUILD_LEASE, false, connection).await?;
    lease.ok_or_else(|| building(name))
}

/// Registers the next version.
async fn begin_next(projection: &dyn Projection, connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    let version: i32 = sqlx::query_scalar("SELECT max(version) + 1 FROM projections WHERE name = $1")
        .bind(projection.name())
        .fetch_one(&mut *connection)
        .await?;
    catalog::create_version(projection, version, "building", connection).await?;
    Ok(version)
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
