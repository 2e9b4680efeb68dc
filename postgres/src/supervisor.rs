//! Watches the server: starts it again when it dies, stops it on request.

use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::cluster::Cluster;
use super::postmaster::Postmaster;
use super::programs::Programs;
use super::usage::Others;

/// What is to become of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Keep it running.
    Run,
    /// Let it run on without us.
    Leave,
    /// Shut it down cleanly.
    Stop,
    /// Shut it down at once; it recovers at its next start.
    Abort,
}

/// How often the programs on disk are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Times that a server is started again before it is given up, with the pause growing each time.
const RESTARTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// A clean shutdown writes what is in memory, which takes a while on a slow disk; after this it is cut short.
const CLEAN_STOP: Duration = Duration::from_mins(1);
/// PostgreSQL's own time for an abort is five seconds; after this the process is killed.
const ABORT: Duration = Duration::from_secs(10);

pub(super) struct Supervisor {
    pub(super) cluster: Cluster,
    pub(super) postmaster: Postmaster,
    pub(super) plans: watch::Receiver<Plan>,
    /// Cancelled when the server is gone for good.
    pub(super) lost: CancellationToken,
    /// Whether a server that dies, or whose programs were replaced, is started again.
    pub(super) restarts: bool,
    /// What it was started from.
    pub(super) programs: Programs,
    /// Who uses the cluster besides this process.
    pub(super) others: Others,
    /// What somebody should know.
    pub(super) notices: watch::Sender<Option<String>>,
}

impl Supervisor {
    pub(super) async fn run(mut self) {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                plan = changed(&mut self.plans) => {
                    if plan == Plan::Leave {
                        self.postmaster.leave();
                    } else {
                        self.stop(plan).await;
                        self.cluster.clean(&self.postmaster);
                    }
                    return;
                }
                end = self.postmaster.ended() => {
                    tracing::error!(log = %self.cluster.log().display(), "PostgreSQL ended ({end})");
                    if !self.restarts || !self.start_again().await {
                        self.lost.cancel();
                        return;
                    }
                }
                _ = looks.tick(), if self.restarts => {
                    if self.programs.were_replaced() && !self.update().await {
                        self.lost.cancel();
                        return;
                    }
                }
            }
        }
    }

    /// A new server in the place of the one that ended.
    pub(super) async fn start_again(&mut self) -> bool {
        let mut pause = FIRST_PAUSE;
        for _ in 0..RESTARTS {
            tokio::select! {
                _ = changed(&mut self.plans) => return false,
                () = sleep(pause) => {}
            }
            let programs = Programs::now(&self.cluster.installation);
            match self.cluster.start_at(self.postmaster.socket_folder()).await {
                Ok(postmaster) => {
                    tracing::info!("PostgreSQL is running again");
                    self.postmaster = postmaster;
                    self.programs = programs;
                    self.notices.send_replace(None);
                    return true;
                }
                Err(error) => tracing::error!("{:#}", anyhow::Error::new(error)),
            }
            pause *= 3;
        }
        false
    }

    pub(super) async fn stop(&mut self, plan: Plan) {
        if plan == Plan::Stop {
            self.postmaster.signal(Signal::INT);
            tokio::select! {
                _ = timeout(CLEAN_STOP, self.postmaster.ended()) => {}
                () = hurried(&mut self.plans) => {}
            }
        }
        // A signal to a process that has ended is lost, and waiting for it returns at once.
        if timeout(Duration::ZERO, self.postmaster.ended()).await.is_err() {
            self.postmaster.signal(Signal::QUIT);
            if timeout(ABORT, self.postmaster.ended()).await.is_err() {
                self.postmaster.signal(Signal::KILL);
                self.postmaster.ended().await;
            }
        }
    }
}

/// The first plan that is not to keep running. When nobody is left to make plans, the server is left to itself.
async fn changed(plans: &mut watch::Receiver<Plan>) -> Plan {
    plans
        .wait_for(|plan| *plan != Plan::Run)
        .await
        .map_or(Plan::Leave, |plan| *plan)
}

async fn hurried(plans: &mut watch::Receiver<Plan>) {
    if plans.wait_for(|plan| *plan == Plan::Abort).await.is_err() {
        std::future::pending::<()>().await;
    }
}
