//! What a connection waits for, and since when.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use metrics::counter;
use tokio::{task::AbortHandle, time::Instant};

use super::{Connections, pace::Pace};

/// A connection beyond the limit is not kept for another request.
const CROWDED_IDLE: Duration = Duration::from_secs(1);

/// One connection. Times are in milliseconds from its start.
#[derive(Debug)]
pub(super) struct Line {
    started: Instant,
    crowded: bool,
    http2: AtomicBool,
    /// Requests whose answers have not been taken in full.
    under_way: AtomicU32,
    /// While no request is under way: the head of one is expected, because it is the first or because it has begun.
    head: AtomicBool,
    /// Since when no request has been under way, or since when there has been a part of a head.
    waiting_since: AtomicU64,
    /// How the client takes what is sent.
    pace: Pace,
}

/// A request, until its answer has been taken in full.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Line>);

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<(Arc<Line>, AbortHandle)>);

impl Line {
    pub(super) fn new(crowded: bool, limits: &Connections) -> Self {
        Self {
            started: Instant::now(),
            crowded,
            http2: AtomicBool::new(false),
            under_way: AtomicU32::new(0),
            head: AtomicBool::new(true),
            waiting_since: AtomicU64::new(0),
            pace: Pace::new(limits),
        }
    }

    fn elapsed(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.started).as_millis()).unwrap_or(u64::MAX)
    }

    /// A request has come.
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        if self.under_way.fetch_add(1, Ordering::Relaxed) == 0 {
            self.pace.begin();
        }
        self.head.store(false, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// The client speaks HTTP/2: between requests it may send what belongs to none.
    pub(super) fn is_http2(&self) {
        self.http2.store(true, Ordering::Relaxed);
    }

    /// Something came from the client.
    pub(super) fn received(&self) {
        let idle = self.under_way.load(Ordering::Relaxed) == 0 && !self.http2.load(Ordering::Relaxed);
        if idle && !self.head.swap(true, Ordering::Relaxed) {
            self.waiting_since
                .store(self.elapsed(Instant::now()), Ordering::Relaxed);
        }
    }

    /// The client takes so many bytes of what is sent, or none.
    pub(super) fn sent(&self, taken: Option<usize>) {
        let now = self.elapsed(Instant::now());
        match taken {
            Some(bytes) => self.pace.took(bytes, now),
            None => self.pace.wait(now),
        }
    }

    /// What the client took too long for.
    fn overdue(&self, limits: &Connections, now: Instant) -> Option<&'static str> {
        let now = self.elapsed(now);
        let late = |since: u64, limit: Duration| u128::from(now.saturating_sub(since)) >= limit.as_millis();
        if self.pace.is_over(limits, now) {
            return Some("reading");
        }
        if self.under_way.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let (what, limit) = if self.head.load(Ordering::Relaxed) {
            ("head", limits.head)
        } else if self.crowded {
            ("idle", CROWDED_IDLE)
        } else {
            ("idle", limits.idle)
        };
        late(self.waiting_since.load(Ordering::Relaxed), limit).then_some(what)
    }
}

impl UnderWay {
    /// Whether it came over HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        self.0.http2.load(Ordering::Relaxed)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let line = &self.0;
        line.waiting_since
            .store(line.elapsed(Instant::now()), Ordering::Relaxed);
        line.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lines {
    pub(super) fn add(&mut self, line: Arc<Line>, task: AbortHandle) {
        self.0.push((line, task));
    }

    /// Ends the connections that have waited for too long.
    pub(super) fn sweep(&mut self, limits: &Connections, now: Instant) {
        self.0.retain(|(line, task)| {
            if task.is_finished() {
                return false;
            }
            let Some(what) = line.overdue(limits, now) else {
                return true;
            };
            counter!("http_connections_ended_total", "waited_for" => what).increment(1);
            task.abort();
            false
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Connections = Connections {
        limit: 100,
        per_address: None,
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        reading: Duration::from_secs(30),
        rate: 8_192,
    };

    async fn after(line: &Line, seconds: u64) -> Option<&'static str> {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        line.overdue(&LIMITS, Instant::now())
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_its_time_from_its_first_byte_and_the_first_one_from_the_start() {
        let line = Arc::new(Line::new(false, &LIMITS));
        assert_eq!(after(&line, 9).await, None);
        line.received();
        assert_eq!(after(&line, 1).await, Some("head"), "a byte now and then buys no time");
        drop(line.begin());
        assert_eq!(after(&line, 74).await, None, "idle");
        line.received();
        assert_eq!(after(&line, 9).await, None);
        line.received();
        assert_eq!(after(&line, 1).await, Some("head"));
        drop(line.begin());
        assert_eq!(after(&line, 75).await, Some("idle"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_has_its_own_limits_and_what_http_2_says_between_requests_is_no_head() {
        let line = Arc::new(Line::new(false, &LIMITS));
        let request = line.begin();
        assert_eq!(after(&line, 1_000).await, None);
        line.is_http2();
        drop(request);
        assert_eq!(after(&line, 70).await, None);
        line.received();
        assert_eq!(after(&line, 4).await, None);
        assert_eq!(after(&line, 1).await, Some("idle"));
        let crowded = Arc::new(Line::new(true, &LIMITS));
        drop(crowded.begin());
        assert_eq!(after(&crowded, 1).await, Some("idle"), "it is not kept");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_too_little_is_given_up() {
        let line = Arc::new(Line::new(false, &LIMITS));
        let _request = line.begin();
        for _ in 0..10 {
            line.sent(None);
            assert_eq!(after(&line, 29).await, None);
            line.sent(Some(29 * 8_192));
        }
        line.sent(None);
        assert_eq!(after(&line, 20).await, None);
        line.sent(None);
        assert_eq!(after(&line, 10).await, Some("reading"));
    }

    #[tokio::test(start_paused = true)]
    async fn every_answer_has_its_time_anew() {
        let line = Arc::new(Line::new(false, &LIMITS));
        for _ in 0..3 {
            let _request = line.begin();
            line.sent(None);
            assert_eq!(after(&line, 20).await, None);
            line.sent(Some(1));
        }
    }

    #[test]
    fn under_pressure_there_is_less_patience() {
        assert_eq!(LIMITS.under(74), LIMITS);
        let pressed = LIMITS.under(75);
        assert_eq!(
            (pressed.head, pressed.idle),
            (Duration::from_secs(2), Duration::from_secs(15))
        );
        assert_eq!(pressed.reading, LIMITS.reading);
    }
}
