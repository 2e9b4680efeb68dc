//! Answers over HTTP/2, each a task of its own: one that its client does not take is ended alone.
//!
//! Over HTTP/2 the client says how much of each answer it is ready for, so that a connection may be alive and an answer on it stand still.

use std::sync::Arc;

use metrics::counter;
use tokio::time::{Instant, sleep};

use super::{Connections, pace::Pace};

tokio::task_local! {
    static PROGRESS: Progress;
}

/// Looks at an answer so many times before it is given up.
const LOOKS: u32 = 4;

/// Runs the tasks of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streams {
    limits: Connections,
}

/// How a client takes an answer.
#[derive(Clone, Debug)]
pub(super) struct Progress(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    started: Instant,
    pace: Pace,
}

impl Streams {
    pub(super) fn new(limits: Connections) -> Self {
        Self { limits }
    }
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let (limits, progress) = (self.limits, Progress::new(&self.limits));
        tokio::spawn(async move {
            tokio::select! {
                biased;
                _ = PROGRESS.scope(progress.clone(), stream) => {}
                () = progress.stopped(&limits) => {
                    counter!("http_connections_ended_total", "waited_for" => "reading_stream").increment(1);
                }
            }
        });
    }
}

impl Progress {
    pub(super) fn new(limits: &Connections) -> Self {
        Self(Arc::new(Shared {
            started: Instant::now(),
            pace: Pace::new(limits),
        }))
    }

    /// That of the answer that the present task makes.
    pub(super) fn current() -> Option<Self> {
        PROGRESS.try_with(Self::clone).ok()
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The client is to take something from here on.
    pub(super) fn wait(&self) {
        self.0.pace.wait(self.elapsed());
    }

    /// The client has taken so many bytes.
    pub(super) fn took(&self, bytes: usize) {
        self.0.pace.took(bytes, self.elapsed());
    }

    /// Returns when the client is not to be waited for any longer.
    pub(super) async fn stopped(&self, limits: &Connections) {
        loop {
            sleep(limits.reading / LOOKS).await;
            if self.0.pace.is_over(limits, self.elapsed()) {
                return;
            }
        }
    }
}
