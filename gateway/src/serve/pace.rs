//! Whether a client takes what is sent to it, and how quickly.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Connections;

/// How far a client is behind. Only the time counts in which it is waited for, so that an answer which the system is still making is
/// nobody's fault. Times are in milliseconds from any one moment.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Bytes a second that the client has to take; 0: as few as it likes.
    rate: u32,
    /// Since when it has been waited for; 0: it is not.
    since: AtomicU64,
    /// What it should have taken and has not, in bytes, up to then.
    behind: AtomicU64,
}

impl Pace {
    pub(super) fn new(limits: &Connections) -> Self {
        Self {
            rate: limits.rate,
            ..Self::default()
        }
    }

    /// Forgets what was.
    pub(super) fn begin(&self) {
        self.behind.store(0, Ordering::Relaxed);
    }

    /// The client is waited for.
    pub(super) fn wait(&self, now: u64) {
        if self.since.load(Ordering::Relaxed) == 0 {
            self.since.store(now.max(1), Ordering::Relaxed);
        }
    }

    /// The client has taken so many bytes; it is not waited for any more. What it takes early is no credit.
    pub(super) fn took(&self, bytes: usize, now: u64) {
        let behind = self.behind(now).saturating_sub(bytes as u64);
        self.behind.store(behind, Ordering::Relaxed);
        self.since.store(0, Ordering::Relaxed);
    }

    /// Whether the client is not to be waited for any longer.
    pub(super) fn is_over(&self, limits: &Connections, now: u64) -> bool {
        let since = self.since.load(Ordering::Relaxed);
        if since == 0 {
            return false;
        }
        let patience = u64::try_from(limits.reading.as_millis()).unwrap_or(u64::MAX);
        now.saturating_sub(since) >= patience || (self.rate > 0 && self.behind(now) >= self.due(patience))
    }

    fn behind(&self, now: u64) -> u64 {
        let behind = self.behind.load(Ordering::Relaxed);
        match self.since.load(Ordering::Relaxed) {
            0 => behind,
            since => behind.saturating_add(self.due(now.saturating_sub(since))),
        }
    }

    /// What is to be taken in so many milliseconds.
    fn due(&self, milliseconds: u64) -> u64 {
        milliseconds.saturating_mul(self.rate.into()) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000;

    /// When a client is given up that takes so many bytes every so many seconds, after `first`; none: never, in a day.
    fn given_up(first: usize, bytes: usize, every: u64) -> Option<u64> {
        let limits = Connections::default();
        let pace = Pace::new(&limits);
        pace.took(first, 0);
        (0..86_400 / every).find_map(|turn| {
            let began = turn * every;
            pace.wait(began * SECOND + 1);
            let over = (began..=began + every).find(|second| pace.is_over(&limits, second * SECOND + 1));
            pace.took(bytes, (began + every) * SECOND + 1);
            over
        })
    }

    #[test]
    fn a_client_has_to_take_something_and_on_average_enough() {
        assert_eq!(given_up(0, 0, 29), Some(30), "nothing");
        assert_eq!(
            given_up(0, 16 * 1024, 29),
            Some(32),
            "a piece now and then buys little time"
        );
        assert_eq!(given_up(50 << 20, 0, 29), Some(30), "whatever it took before");
        assert_eq!(given_up(0, 300 * 1024, 29), None, "much, now and then");
        assert_eq!(given_up(0, 8_192, 1), None, "little, all the time");
        assert_eq!(given_up(0, 4_096, 1), Some(59), "half of what it should");
    }

    #[test]
    fn the_time_counts_in_which_it_is_waited_for() {
        let limits = Connections::default();
        let pace = Pace::new(&limits);
        for hour in 0..100 {
            let now = hour * 3_600 * SECOND;
            assert!(!pace.is_over(&limits, now));
            pace.wait(now);
            pace.took(10_000, now + SECOND);
        }
    }

    #[test]
    fn without_a_rate_anything_will_do() {
        let limits = Connections {
            rate: 0,
            ..Connections::default()
        };
        let pace = Pace::new(&limits);
        for turn in 0..1_000 {
            pace.wait(turn * 29 * SECOND + 1);
            assert!(!pace.is_over(&limits, (turn + 1) * 29 * SECOND));
            pace.took(1, (turn + 1) * 29 * SECOND);
        }
        pace.wait(SECOND);
        assert!(pace.is_over(&limits, 31 * SECOND));
    }
}
