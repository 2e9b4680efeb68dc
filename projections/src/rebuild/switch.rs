//! Putting the new version in the active one's place.

use std::time::Duration;

use eventstore::Positions;
use sqlx::PgConnection;

use crate::catalog;
use crate::cursor::{self, CURSORS};
use crate::error::Error;
use crate::indexing;
use crate::rebuild::build::Build;
use crate::rebuild::{Phase, Progress, catch_up};

/// The state of a lock that was not to be had in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";
const PAUSE: Duration = Duration::from_millis(100);

/// Tries until no long reader is in the way: one that waits would make later readers wait behind it.
pub(crate) async fn run(
    build: &Build,
    differs: bool,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), Error> {
    loop {
        catch_up::approach(build, progress).await?;
        progress(Progress {
            phase: Phase::Switch,
            done: 0,
            total: 1,
        });
        match switch(build, differs).await {
            Ok(()) => break,
            Err(Error::Database(sqlx::Error::Database(error)))
                if error.code().as_deref() == Some(LOCK_NOT_AVAILABLE) =>
            {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
    progress(Progress {
        phase: Phase::Switch,
        done: 1,
        total: 1,
    });
    Ok(())
}

/// One transaction: the last few events, the views, the books. The new version's cursors are nowhere behind those of the old one, so
/// a reader that has seen a position sees it still.
async fn switch(build: &Build, differs: bool) -> Result<(), Error> {
    let mut tx = cursor::begin(&build.pool).await?;
    sqlx::query("SET LOCAL lock_timeout = '300ms'")
        .execute(&mut *tx)
        .await?;
    // Durable before the old tables go: they may be dropped right after.
    sqlx::query("SET LOCAL synchronous_commit = on")
        .execute(&mut *tx)
        .await?;
    build.hold_lease(&mut tx).await?;
    let bounds = hold_active(build, &mut tx).await?;
    catch_up::align(build, &bounds, &mut tx).await?;
    for table in build.projection.tables() {
        if !build.comparable {
            // Another code may have other columns, which a replacement could not change.
            sqlx::query(&format!("DROP VIEW IF EXISTS {}", table.view))
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query(&table.create_view(build.version)).execute(&mut *tx).await?;
    }
    sqlx::query("DELETE FROM projection_lease WHERE name = $1")
        .bind(build.name())
        .execute(&mut *tx)
        .await?;
    sqlx::query("UPDATE projections SET state = 'retired' WHERE name = $1 AND version = $2")
        .bind(build.name())
        .bind(build.active)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "UPDATE projections SET state = 'active', phase = 'done', builder = NULL, activated_at = clock_timestamp()
         WHERE name = $1 AND version = $2",
    )
    .bind(build.name())
    .bind(build.version)
    .execute(&mut *tx)
    .await?;
    build.lease.release(&mut *tx).await?;
    catalog::create_leases(build.name(), build.version, &mut tx).await?;
    // Then rows may have changed that no event told of.
    if !build.comparable || differs {
        indexing::mark_all(&mut tx).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Locks all leases of the active version, so that its cursors stand still until the transaction ends; returns where, or where the
/// new version is when that is further.
pub(crate) async fn hold_active(build: &Build, connection: &mut PgConnection) -> Result<Positions, Error> {
    sqlx::query("SELECT FROM projection_lease WHERE name = $1 AND version = $2 ORDER BY first_lane FOR UPDATE")
        .bind(build.name())
        .bind(build.active)
        .execute(&mut *connection)
        .await?;
    // A statement of its own: what it sees was committed after the locks were had.
    Ok(CURSORS.read(build.name(), build.active, connection).await?)
}
