//! What a follower knows while it holds the lease of its process.

use chrono::{DateTime, Utc};
use eventstore::Positions;
use tokio::time::Instant;
use workers::{Cursors, Lease};

use crate::instance;
use crate::process::Process;
use crate::shared::Shared;

/// The cursors of all processes.
pub(crate) const POSITIONS: Cursors = Cursors("process_position");

/// The time for which a follower holds the lease.
pub(crate) struct Session {
    pub(crate) lease: Lease,
    /// How far the log has been read.
    pub(crate) read: Positions,
    /// How far the database knows that it has been read.
    pub(crate) stored: Positions,
    /// Events up to these positions have no effects.
    pub(crate) muted: Positions,
    /// Timers due before this time have no effects either, unless the effects are repeatable.
    pub(crate) muted_until: DateTime<Utc>,
    /// The number of open instances.
    pub(crate) open: i64,
    pub(crate) measured_at: Option<Instant>,
}

impl Session {
    /// Reads how far the process is; `None` when a newer version of the code folds it.
    pub(crate) async fn open<P: Process>(lease: Lease, shared: &Shared) -> Result<Option<Self>, sqlx::Error> {
        let mut db = shared.pool.begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            .execute(&mut *db)
            .await?;
        let (version, since): (i32, DateTime<Utc>) =
            sqlx::query_as("SELECT version, since FROM process WHERE name = $1")
                .bind(P::NAME)
                .fetch_one(&mut *db)
                .await?;
        if version != P::VERSION {
            return Ok(None);
        }
        let stored: Positions = POSITIONS.read(P::NAME, P::VERSION, &mut db).await?;
        let muted: Vec<(i32, i64)> =
            sqlx::query_as("SELECT lane, muted FROM process_position WHERE name = $1 AND version = $2")
                .bind(P::NAME)
                .bind(P::VERSION)
                .fetch_all(&mut *db)
                .await?;
        let open = instance::count(P::NAME, &mut db).await?;
        db.commit().await?;
        let muted = muted
            .into_iter()
            .map(|(lane, muted)| workers::from_columns(lane, muted));
        let retention = chrono::Duration::from_std(shared.config.retention).unwrap_or(chrono::Duration::MAX);
        Ok(Some(Self {
            lease,
            read: stored.clone(),
            stored,
            muted: muted.collect(),
            muted_until: since.checked_sub_signed(retention).unwrap_or(DateTime::<Utc>::MIN_UTC),
            open,
            measured_at: None,
        }))
    }
}
