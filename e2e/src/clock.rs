//! A clock that a test can put forward.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// The machine's time plus what the test has added to it.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_micros: Arc<AtomicI64>,
}

impl Clock {
    /// The present time of the system under test.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        (app::world::clock())() + TimeDelta::microseconds(self.ahead_micros.load(Ordering::SeqCst))
    }

    /// Puts the clock forward.
    pub fn advance(&self, by: TimeDelta) {
        let micros = by.num_microseconds().expect("a test does not cross ages");
        self.ahead_micros.fetch_add(micros, Ordering::SeqCst);
    }

    /// The clock as the system takes it.
    #[must_use]
    pub fn source(&self) -> app::world::Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}
