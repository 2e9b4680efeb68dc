//! The settings of an engine.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

/// Where the present time comes from, by which timers go off.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How processes work. The default suits a shop.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// How long a worker that died keeps the others waiting.
    pub lease: Duration,
    /// Between steps while there is something to read: nothing here is urgent, and large batches are cheap.
    pub pace: Duration,
    /// Between looks for what other workers left and for timers.
    pub poll: Duration,
    /// Longest delivery of an effect; well under the lease.
    pub patience: Duration,
    /// Before the second attempt to deliver an effect; twice as long before each further one.
    pub backoff: Duration,
    /// Longest time between attempts, of which there may be half as much more by chance.
    pub longest_backoff: Duration,
    /// An effect whose delivery failed this often is a dead letter.
    pub attempts: i32,
    /// How long the ids of effects are kept that are done. Timers that were due longer ago do not fire from a rebuild.
    pub retention: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            pace: Duration::from_millis(500),
            poll: Duration::from_secs(1),
            patience: Duration::from_secs(8),
            backoff: Duration::from_secs(1),
            longest_backoff: Duration::from_mins(5),
            attempts: 20,
            retention: Duration::from_hours(90 * 24),
        }
    }
}
