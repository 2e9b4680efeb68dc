//! The store's settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Where the present time comes from.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Where command ids come from. `UUIDv7` in production; tests may count.
pub type IdSource = Arc<dyn Fn() -> Uuid + Send + Sync>;

/// Settings of a [`Store`](crate::Store). [`Config::new`] fills in what suits a shop; override by struct update.
#[derive(Clone)]
pub struct Config {
    /// Mints an id per command; event ids are derived from it.
    pub ids: IdSource,
    /// Commands that may wait. The next one is refused at once.
    pub queue_capacity: usize,
    /// The delay that a refused caller is asked to wait.
    pub retry_after: Duration,
    /// Commands committed together at most.
    pub batch_commands: usize,
    /// Bytes of payload after which a batch takes no further command.
    pub batch_bytes: usize,
    /// How often a command is decided anew when other processes write its streams, before it fails with `Conflict`.
    pub attempts: usize,
    /// How long a command waits for a connection before it fails with `Unavailable`.
    pub connect_timeout: Duration,
    /// How long the database may take to answer a statement of the writer, a wait for locks included, before its connection counts as
    /// broken. What then became of a commit is found out over another connection.
    pub answer_timeout: Duration,
    /// Bytes of memory for the states of streams, by estimate.
    pub cached_bytes: u64,
    /// Events kept in memory for readers of this process.
    pub tail_events: usize,
    /// Bytes of memory that these may take.
    pub tail_bytes: usize,
    /// How often readers look for what other processes wrote.
    pub poll_interval: Duration,
    /// When the state of a stream is stored.
    pub snapshots: SnapshotPolicy,
}

impl Config {
    /// The default settings with this source of ids.
    #[must_use]
    pub fn new(ids: IdSource) -> Self {
        Self {
            ids,
            queue_capacity: 8_192,
            retry_after: Duration::from_secs(1),
            batch_commands: 512,
            batch_bytes: 1 << 20,
            attempts: 5,
            connect_timeout: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(15),
            cached_bytes: 40 << 20,
            tail_events: 1 << 16,
            tail_bytes: 24 << 20,
            poll_interval: Duration::from_millis(100),
            snapshots: SnapshotPolicy::default(),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("queue_capacity", &self.queue_capacity)
            .field("batch_commands", &self.batch_commands)
            .field("batch_bytes", &self.batch_bytes)
            .field("cached_bytes", &self.cached_bytes)
            .field("tail_events", &self.tail_events)
            .finish_non_exhaustive()
    }
}

/// When the state of a stream is stored, so that loading it need not fold all of its events.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotPolicy {
    /// Events since the last snapshot before the next one.
    pub every: u64,
    /// One more event for each of so many bytes of the last snapshot: the bigger a state, the more rarely it is written.
    pub bytes_per_event: u64,
    /// Stored snapshots of other revisions are ignored. Raise it when the meaning of a state changed but not its shape.
    pub revision: u32,
}

impl Default for SnapshotPolicy {
    fn default() -> Self {
        Self {
            every: 256,
            bytes_per_event: 256,
            revision: 1,
        }
    }
}

impl SnapshotPolicy {
    /// Whether a state is due, `events` after its last snapshot of `bytes` bytes.
    pub(crate) fn due(&self, events: u64, bytes: u64) -> bool {
        events >= self.every.max(bytes / self.bytes_per_event.max(1))
    }
}
