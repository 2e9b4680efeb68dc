//! The writer's own connection: kept between batches, dropped when in doubt.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, PgPool, Postgres};
use tokio::time::{Instant, timeout};

use crate::Error;

/// A connection that rested longer is asked whether it still lives before a commit is entrusted to it.
const TRUSTED: Duration = Duration::from_millis(500);

/// A connection, or the means to get one.
pub(crate) struct Connection {
    pool: PgPool,
    patience: Duration,
    kept: Option<(PoolConnection<Postgres>, Instant)>,
}

impl Connection {
    pub(crate) fn new(pool: PgPool, patience: Duration) -> Self {
        Self {
            pool,
            patience,
            kept: None,
        }
    }

    /// A live connection, to be given back with [`keep`](Self::keep) after use unless it broke, and whether it is the one of before. The
    /// server behind another one may have a shorter log: a restored one, or another server after a failover.
    pub(crate) async fn take(&mut self) -> Result<(PoolConnection<Postgres>, bool), Error> {
        if let Some((mut connection, since)) = self.kept.take() {
            if since.elapsed() < TRUSTED || self.lives(&mut connection).await {
                return Ok((connection, true));
            }
            discard(connection).await;
        }
        let connection = timeout(self.patience, self.connect())
            .await
            .map_err(|_| Error::Unreachable)??;
        Ok((connection, false))
    }

    async fn lives(&self, connection: &mut PoolConnection<Postgres>) -> bool {
        matches!(timeout(self.patience, connection.ping()).await, Ok(Ok(())))
    }

    async fn connect(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        // An acknowledged event is on disk, whatever the cluster's default says.
        sqlx::query("SET synchronous_commit = on")
            .execute(&mut *connection)
            .await?;
        Ok(connection)
    }

    pub(crate) fn keep(&mut self, connection: PoolConnection<Postgres>) {
        self.kept = Some((connection, Instant::now()));
    }

    /// Gives the connection back to the pool.
    pub(crate) fn release(&mut self) {
        self.kept = None;
    }

    /// Returns when the pool is being closed while a connection of it is kept here.
    pub(crate) async fn pool_closes(&self) {
        if self.kept.is_none() {
            return std::future::pending().await;
        }
        self.pool.close_event().await;
    }
}

/// Closes a connection that may be broken, without waiting for it to agree.
pub(crate) async fn discard(connection: PoolConnection<Postgres>) {
    const PATIENCE: Duration = Duration::from_millis(100);
    // Detached, so that the pool can open another in its place.
    let _ = timeout(PATIENCE, connection.detach().close_hard()).await;
}
