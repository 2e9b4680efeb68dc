//! When the next batch is due. A batch has fixed costs, so under load events are given a moment to gather; a lone event goes at once.

use std::time::Duration;

/// How long batches are apart at least, from start to start.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// At low load.
    pub calm: Duration,
    /// At high load: at least `busy_events` came in the last batch.
    pub busy: Duration,
    /// From how many events in a batch the load is high.
    pub busy_events: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            calm: Duration::from_millis(15),
            busy: Duration::from_millis(40),
            busy_events: 100,
        }
    }
}

impl Pace {
    /// How long to rest after a batch of `events` that took `elapsed`; a full one (`limit`) means that the projection is behind.
    pub(crate) fn rest(&self, events: usize, limit: usize, elapsed: Duration) -> Duration {
        let apart = if events >= limit {
            Duration::ZERO
        } else if events >= self.busy_events {
            self.busy
        } else {
            self.calm
        };
        apart.saturating_sub(elapsed)
    }
}
