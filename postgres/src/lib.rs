#![doc = include_str!("../README.md")]

mod account;
mod binaries;
mod cluster;
mod connection;
pub mod data_folder;
mod error;
mod folder;
mod newcomer;
mod postmaster;
mod programs;
mod settings;
mod socket;
mod supervisor;
mod update;
mod usage;

use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use binaries::{Installation, find as find_installations};
pub use cluster::Options;
pub use error::Error;
pub use folder::major_version;
pub use newcomer::{newcomer, unloadable};
pub use programs::version as program_version;
pub use usage::{check_free, serving_process};

use cluster::Cluster;
use connection::{DATABASE, PORT, USER, connect_options};
use programs::Programs;
use supervisor::{Plan, Supervisor};
use usage::{ServeLock, Usage};

/// A running cluster that this process uses.
#[derive(Debug)]
pub struct Embedded {
    socket_folder: PathBuf,
    folder: PathBuf,
    plan: watch::Sender<Plan>,
    supervisor: JoinHandle<()>,
    lost: CancellationToken,
    notice: watch::Receiver<Option<String>>,
    usage: Option<Usage>,
    lock: Option<ServeLock>,
}

impl Embedded {
    /// Starts the cluster for a server: the data folder is this process's alone until [`Embedded::stop`], and a
    /// PostgreSQL that dies is started again.
    pub async fn serve(options: &Options) -> Result<Embedded, Error> {
        let cluster = Cluster::prepare(options).await?;
        let lock = ServeLock::take(&options.data_dir)?;
        let usage = Usage::begin(&cluster.folder).await?;
        // A cluster that a killed server left behind may run with an older version's settings, and is nobody's child:
        // start it anew.
        let postmaster = if usage.is_alone() {
            cluster.restart().await?
        } else {
            cluster.join_or_start().await?
        };
        Embedded::supervise(cluster, postmaster, usage, Some(lock))
    }

    /// Joins the cluster of a running server, or starts it until [`Embedded::stop`].
    pub async fn attach(options: &Options) -> Result<Embedded, Error> {
        let cluster = Cluster::prepare(options).await?;
        let usage = Usage::begin(&cluster.folder).await?;
        let postmaster = cluster.join_or_start().await?;
        Embedded::supervise(cluster, postmaster, usage, None)
    }

    fn supervise(
        cluster: Cluster,
        postmaster: postmaster::Postmaster,
        mut usage: Usage,
        lock: Option<ServeLock>,
    ) -> Result<Embedded, Error> {
        usage.started();
        let socket_folder = postmaster.socket_folder().to_owned();
        let folder = cluster.folder.clone();
        let (plan, plans) = watch::channel(Plan::Run);
        let lost = CancellationToken::new();
        let (notices, notice) = watch::channel(None);
        let supervisor = Supervisor {
            programs: Programs::now(&cluster.installation),
            others: usage.others(&folder)?,
            cluster,
            postmaster,
            plans,
            lost: lost.clone(),
            restarts: lock.is_some(),
            notices,
        };
        let supervisor = tokio::spawn(supervisor.run());
        Ok(Embedded {
            socket_folder,
            folder,
            plan,
            supervisor,
            lost,
            notice,
            usage: Some(usage),
            lock,
        })
    }

    /// How to connect to the database.
    #[must_use]
    pub fn connect_options(&self) -> PgConnectOptions {
        connect_options(&self.socket_folder, DATABASE)
    }

    /// The database as a URL for PostgreSQL's own programs and for drivers. It holds no secret: who may enter the
    /// socket's folder may connect.
    #[must_use]
    pub fn url(&self) -> String {
        let host: String =
            url::form_urlencoded::byte_serialize(self.socket_folder.as_os_str().as_encoded_bytes()).collect();
        format!("postgres://{USER}@localhost:{PORT}/{DATABASE}?host={host}&sslmode=disable")
    }

    /// The folder of the cluster's socket.
    #[must_use]
    pub fn socket_folder(&self) -> &Path {
        &self.socket_folder
    }

    /// Cancelled when PostgreSQL is gone and does not come back.
    #[must_use]
    pub fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }

    /// What somebody should know of a server that goes on serving: that its programs were replaced on disk.
    #[must_use]
    pub fn notice(&self) -> watch::Receiver<Option<String>> {
        self.notice.clone()
    }

    /// Leaves the cluster, and stops it when this process is its server or its last user. `hurry` cuts the clean
    /// shutdown short: PostgreSQL then aborts and recovers at its next start, which loses nothing that was committed.
    pub async fn stop(mut self, hurry: &CancellationToken) -> Result<(), Error> {
        let usage = match self.usage.take() {
            Some(usage) => Some(usage.end(&self.folder, self.lock.is_some()).await?),
            None => None,
        };
        let last = usage.as_ref().is_none_or(usage::Departure::is_last);
        // The supervisor may have ended by itself; then there is nobody to tell.
        let _ = self.plan.send(if last { Plan::Stop } else { Plan::Leave });
        let mut supervisor = self.supervisor;
        tokio::select! {
            _ = &mut supervisor => {}
            () = hurry.cancelled() => {
                let _ = self.plan.send(if last { Plan::Abort } else { Plan::Leave });
                let _ = supervisor.await;
            }
        }
        drop(usage);
        drop(self.lock);
        Ok(())
    }
}
