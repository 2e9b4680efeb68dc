//! The settings of projectors.

use std::time::Duration;

use crate::pace::Pace;

/// How a [`Runner`](crate::Runner) works.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// After how long without a sign of life others take a worker's lanes.
    pub lease: Duration,
    /// Events of a batch at most.
    pub batch: usize,
    /// How long batches are apart.
    pub pace: Pace,
    /// Whether no other projector of this database can be alive: leases of dead ones are taken at once, as after a crash of the one
    /// process. Harmless when wrong, thanks to the fencing numbers, but workers that both believe it take the lanes from each other.
    pub sole: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            batch: 2_000,
            pace: Pace::default(),
            sole: false,
        }
    }
}

impl Config {
    /// How often leases are renewed and shared out anew.
    pub(crate) fn renewal(&self) -> Duration {
        const RARELY: Duration = Duration::from_millis(1_500);
        (self.lease / 10).min(RARELY)
    }
}
