//! Answers over HTTP/2, each a task of its own: one that its client takes nothing of is ended alone.
//!
//! Over HTTP/2 the client says how much of each answer it is ready for, so that a connection may be alive and an answer on it stand still.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use metrics::counter;
use tokio::time::{Instant, sleep};

tokio::task_local! {
    static PROGRESS: Progress;
}

/// Looks at an answer so many times before it is given up.
const LOOKS: u32 = 4;

/// Runs the tasks of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streams {
    reading: Duration,
}

/// Since when a client has been expected to take more of an answer.
#[derive(Clone, Debug)]
pub(super) struct Progress(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    started: Instant,
    /// In milliseconds from the start; 0: it is not expected to.
    since: AtomicU64,
}

impl Streams {
    pub(super) fn new(reading: Duration) -> Self {
        Self { reading }
    }
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let (limit, progress) = (self.reading, Progress::new());
        tokio::spawn(async move {
            tokio::select! {
                biased;
                _ = PROGRESS.scope(progress.clone(), stream) => {}
                () = progress.stopped(limit) => {
                    counter!("http_connections_ended_total", "waited_for" => "reading_stream").increment(1);
                }
            }
        });
    }
}

impl Progress {
    fn new() -> Self {
        Self(Arc::new(Shared {
            started: Instant::now(),
            since: AtomicU64::new(0),
        }))
    }

    /// That of the answer that the present task makes.
    pub(super) fn current() -> Option<Self> {
        PROGRESS.try_with(Self::clone).ok()
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The client is to take more from here on, or there is nothing for it yet.
    pub(super) fn expect(&self, more: bool) {
        let since = if more { self.elapsed().max(1) } else { 0 };
        self.0.since.store(since, Ordering::Relaxed);
    }

    /// Returns when the client has taken nothing for so long.
    async fn stopped(&self, limit: Duration) {
        loop {
            sleep(limit / LOOKS).await;
            let since = self.0.since.load(Ordering::Relaxed);
            if since != 0 && u128::from(self.elapsed().saturating_sub(since)) >= limit.as_millis() {
                return;
            }
        }
    }
}
