//! Folded states, stored behind the writer's back.

use sqlx::PgPool;
use tokio::sync::mpsc;

use crate::config::SnapshotPolicy;
use crate::fold::{LastSnapshot, Stream};

/// Snapshots that may wait to be stored; more are skipped, because the next ones will do.
const WAITING: usize = 256;

/// A state on its way to the table.
pub(crate) struct Snapshot {
    aggregate_type: String,
    aggregate_id: String,
    lane: u32,
    version: u64,
    schema_hash: i64,
    state: String,
}

/// Takes the states of streams that are due.
pub(crate) struct Snapshots {
    policy: SnapshotPolicy,
    queue: mpsc::Sender<Snapshot>,
}

impl Snapshots {
    /// The taking end, and what the storing task drains until the taking end is gone.
    pub(crate) fn new(policy: SnapshotPolicy) -> (Self, mpsc::Receiver<Snapshot>) {
        let (queue, waiting) = mpsc::channel(WAITING);
        (Self { policy, queue }, waiting)
    }

    /// Hands over the state of `stream` when it is due. The stream's events must have been committed.
    pub(crate) fn consider(&self, stream: &mut Stream) {
        let since = stream.version.saturating_sub(stream.last_snapshot.version);
        if !self.policy.due(since, stream.last_snapshot.bytes) {
            return;
        }
        let Ok(place) = self.queue.try_reserve() else { return };
        match stream.state.snapshot() {
            Ok(state) => {
                stream.last_snapshot = LastSnapshot {
                    version: stream.version,
                    bytes: state.len() as u64,
                };
                place.send(Snapshot {
                    aggregate_type: stream.key.aggregate_type.to_string(),
                    aggregate_id: stream.key.aggregate_id.to_string(),
                    lane: stream.lane,
                    version: stream.version,
                    schema_hash: stream.kind.schema_hash(self.policy.revision),
                    state,
                });
            }
            Err(error) => tracing::warn!(stream = %stream.key, %error, "a state does not serialize; no snapshot"),
        }
    }
}

/// Stores snapshots until the taking end is gone. A failure costs time at the next load, nothing else.
pub(crate) async fn store(pool: PgPool, mut waiting: mpsc::Receiver<Snapshot>) {
    while let Some(snapshot) = waiting.recv().await {
        if let Err(error) = upsert(&pool, &snapshot).await {
            let Snapshot {
                aggregate_type,
                aggregate_id,
                ..
            } = &snapshot;
            tracing::warn!(aggregate_type, aggregate_id, %error, "a snapshot was not stored");
        }
    }
}

async fn upsert(pool: &PgPool, snapshot: &Snapshot) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO stream_snapshots AS stored (aggregate_type, aggregate_id, lane, version, schema_hash, state)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (aggregate_type, aggregate_id, lane) DO UPDATE
         SET version = excluded.version, schema_hash = excluded.schema_hash, state = excluded.state
         WHERE stored.version < excluded.version OR stored.schema_hash <> excluded.schema_hash",
    )
    .bind(&snapshot.aggregate_type)
    .bind(&snapshot.aggregate_id)
    .bind(snapshot.lane.cast_signed())
    .bind(snapshot.version.cast_signed())
    .bind(snapshot.schema_hash)
    .bind(&snapshot.state)
    .execute(pool)
    .await
    .map(drop)
}
