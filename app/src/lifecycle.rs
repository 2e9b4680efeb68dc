//! The end of a process, in two steps: a soft one that drains, and a hard one that cuts what is left short.

use std::future::Future;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long one step of a soft shutdown may take before it is cut short. Clients that never finish their request must
/// not keep a process alive.
const PATIENCE: Duration = Duration::from_secs(20);

/// Signals that come together are one request: `timeout`, `make` and shells send theirs to the process and to its group.
const ONE_REQUEST: Duration = Duration::from_millis(300);

/// The tasks that have to end, and whether they have ended.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Lifecycle {
    /// Nothing has been asked to end yet.
    #[must_use]
    pub fn new() -> Lifecycle {
        Lifecycle::default()
    }

    /// Cancelled when the process is to end in good order.
    #[must_use]
    pub fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when there is no time for good order.
    #[must_use]
    pub fn hard(&self) -> &CancellationToken {
        &self.hard
    }

    /// Asks for the next step: first soft, then hard.
    pub fn escalate(&self) {
        if self.soft.is_cancelled() {
            self.hard.cancel();
        } else {
            self.soft.cancel();
        }
    }

    /// Escalates at SIGTERM and SIGINT, and at SIGHUP, which a closed terminal sends, unless `nohup` has seen to it
    /// that this is ignored. From here on these signals no longer end the process by themselves.
    pub fn on_signals(&self) -> std::io::Result<JoinHandle<()>> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = if ignores_hangup() {
            None
        } else {
            Some(signal(SignalKind::hangup())?)
        };
        let lifecycle = self.clone();
        Ok(tokio::spawn(async move {
            let mut first = None;
            while let Some(name) = next(&mut terminate, &mut interrupt, hangup.as_mut()).await {
                let now = Instant::now();
                if now.duration_since(*first.get_or_insert(now)) < ONE_REQUEST && lifecycle.soft.is_cancelled() {
                    continue;
                }
                if lifecycle.soft.is_cancelled() {
                    tracing::warn!("{name} again: stopping at once");
                } else {
                    tracing::info!("{name}: stopping; once more stops at once");
                }
                lifecycle.escalate();
            }
        }))
    }
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal, hangup: Option<&mut Signal>) -> Option<&'static str> {
    let hung_up = async {
        match hangup {
            Some(hangup) => hangup.recv().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        received = terminate.recv() => received.map(|()| "SIGTERM"),
        received = interrupt.recv() => received.map(|()| "SIGINT"),
        received = hung_up => received.map(|()| "SIGHUP"),
    }
}

/// Whether the process was started with SIGHUP ignored; listening to it would undo that.
fn ignores_hangup() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| hangup_is_in(&status))
}

fn hangup_is_in(status: &str) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is number 1, the lowest bit.
    mask.is_some_and(|mask| mask & 1 == 1)
}

/// Tasks that end together: one step of the shutdown.
#[derive(Clone, Debug)]
pub struct Group {
    name: &'static str,
    stop: CancellationToken,
    abort: CancellationToken,
    tasks: TaskTracker,
}

impl Group {
    /// An empty group; `name` is for the log.
    #[must_use]
    pub fn new(name: &'static str) -> Group {
        Group {
            name,
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Cancelled when the group is to end; its tasks watch it.
    #[must_use]
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs a task in the group; it is dropped where it stands when the group's time is over.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let abort = self.abort.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = task => {}
                () = abort.cancelled() => {}
            }
        });
    }

    /// Tells the group to end and waits until it has, at most until `hard` is cancelled or patience runs out.
    pub async fn end(&self, hard: &CancellationToken) {
        self.stop.cancel();
        self.tasks.close();
        let in_time = tokio::select! {
            result = timeout(PATIENCE, self.tasks.wait()) => result.is_ok(),
            () = hard.cancelled() => false,
        };
        if !in_time {
            tracing::warn!("{} did not end in time and is cut short", self.name);
            self.abort.cancel();
            self.tasks.wait().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Group, Lifecycle, hangup_is_in};

    #[test]
    fn nohup_is_seen() {
        assert!(hangup_is_in("Name:\ttillroll\nSigIgn:\t0000000000001001\n"));
        assert!(!hangup_is_in("Name:\ttillroll\nSigIgn:\t0000000000001000\n"));
    }

    #[test]
    fn the_second_request_is_the_hard_one() {
        let lifecycle = Lifecycle::new();
        lifecycle.escalate();
        assert!(lifecycle.soft().is_cancelled() && !lifecycle.hard().is_cancelled());
        lifecycle.escalate();
        assert!(lifecycle.hard().is_cancelled());
    }

    #[tokio::test]
    async fn a_group_ends_when_its_tasks_have() {
        let lifecycle = Lifecycle::new();
        let group = Group::new("tests");
        let stop = group.stop_token();
        group.spawn(async move { stop.cancelled().await });
        group.end(lifecycle.hard()).await;
    }

    #[tokio::test]
    async fn a_task_that_does_not_end_is_cut_short() {
        let lifecycle = Lifecycle::new();
        let group = Group::new("tests");
        group.spawn(std::future::pending());
        lifecycle.escalate();
        lifecycle.escalate();
        group.end(lifecycle.hard()).await;
    }
}
