//! A version in the making.

use std::time::Duration;

use eventstore::{Log, Positions};
use futures::StreamExt as _;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use workers::{Beat, HELD, Lease, Leases};

use crate::catalog;
use crate::cursor::CURSORS;
use crate::error::Error;
use crate::projection::Projection;
use crate::rebuild::{Phase, Progress};

/// How long the lease of a rebuild lasts: another process may continue the build of one that ended after this time.
pub const REBUILD_LEASE: Duration = Duration::from_secs(15);

/// The leases of rebuilds, in the rows of the versions that they build. Processes of earlier releases read `builder` and `builder_until`.
const BUILDS: Leases = Leases {
    table: "projections",
    key: "(name || ' ' || version)",
    taken: ", builder = $2, builder_until = clock_timestamp() + make_interval(secs => $4)",
    renewed: ", builder_until = clock_timestamp() + make_interval(secs => $4)",
};

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
    lease: Lease,
    /// Renews the lease until this value is dropped.
    _beat: Beat,
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
        let owner = workers::owner(&mut *tx).await?;
        let unfinished: Option<(i32, i32)> =
            sqlx::query_as("SELECT version, code_version FROM projections WHERE name = $1 AND state = 'building'")
                .bind(name)
                .fetch_optional(&mut *tx)
                .await?;
        let (version, lease) = match unfinished {
            Some((version, code)) => {
                let lease = take(name, version, owner, &mut tx).await?;
                if code == projection.code_version() {
                    (version, lease)
                } else {
                    remove(projection, version, &mut tx).await?;
                    begin_next(projection, owner, &mut tx).await?
                }
            }
            None => begin_next(projection, owner, &mut tx).await?,
        };
        tx.commit().await?;
        let beat = Beat::start(lease.clone(), REBUILD_LEASE, pool.clone(), CancellationToken::new());
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
        let Leases { table, key, .. } = BUILDS;
        let statement = format!("SELECT FROM {table} WHERE {key} = $1 AND {HELD} AND state = 'building' FOR KEY SHARE");
        let held = sqlx::query(&statement)
            .bind(&self.lease.name)
            .bind(self.lease.owner)
            .bind(self.lease.fence)
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

async fn take(name: &str, version: i32, owner: Uuid, connection: &mut PgConnection) -> Result<Lease, Error> {
    let row = format!("{name} {version}");
    let lease = BUILDS.take(&row, owner, REBUILD_LEASE, false, connection).await?;
    lease.ok_or_else(|| building(name))
}

/// Registers the next version and takes the lease of its rebuild.
async fn begin_next(
    projection: &dyn Projection,
    owner: Uuid,
    connection: &mut PgConnection,
) -> Result<(i32, Lease), Error> {
    let version: i32 = sqlx::query_scalar("SELECT max(version) + 1 FROM projections WHERE name = $1")
        .bind(projection.name())
        .fetch_one(&mut *connection)
        .await?;
    catalog::create_version(projection, version, "building", connection).await?;
    let lease = take(projection.name(), version, owner, connection).await?;
    Ok((version, lease))
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
    sqlx::query(
        "UPDATE projections SET state = 'retired', owner = NULL, builder = NULL WHERE name = $1 AND version = $2",
    )
    .bind(projection.name())
    .bind(version)
    .execute(connection)
    .await?;
    Ok(())
}
