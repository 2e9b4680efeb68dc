//! The cluster at rest and how it comes up.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use super::account::Account;
use super::binaries::{self, Installation};
use super::connection::{DATABASE, connect_options};
use super::postmaster::{Note, Postmaster};
use super::{Error, folder, settings, socket};

/// How often a starting server is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// The clean shutdown of a server that was found running may take this long before it is cut short.
const CLEAN_STOP: Duration = Duration::from_secs(30);
/// A log beyond this many bytes is begun anew at the next start.
const LONGEST_LOG: u64 = 16 * 1024 * 1024;
/// While the processes of a killed server are still ending, PostgreSQL refuses to start.
const START_AGAIN_WITHIN: Duration = Duration::from_secs(10);
/// What it says then.
const STILL_IN_USE: &str = "is still in use";

/// Where the cluster lives and what it is run from.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data folder; the cluster is in its folder `postgres`.
    pub data_dir: PathBuf,
    /// `PATH`, for finding PostgreSQL's programs.
    pub path: Option<OsString>,
}

/// A cluster on disk and what it is run with.
#[derive(Debug)]
pub(super) struct Cluster {
    /// `<data folder>/postgres`, absolute.
    pub(super) folder: PathBuf,
    pub(super) installation: Installation,
    pub(super) account: Account,
}

impl Cluster {
    /// Finds the programs and the account, and makes the folders; starts nothing.
    pub(super) async fn prepare(options: &Options) -> Result<Cluster, Error> {
        let path = options.path.clone();
        let installations = tokio::task::spawn_blocking(move || binaries::find(path.as_deref()))
            .await
            .map_err(join_error)??;
        let account = Account::choose(&options.data_dir.join("postgres"))?;
        let folder = folder::make(&options.data_dir, &account)?;
        let installation = folder::choose(&folder.join("data"), &installations)?;
        Ok(Cluster {
            folder,
            installation,
            account,
        })
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where the server writes its log.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// The server that runs, once it answers; else a new one.
    pub(super) async fn join_or_start(&self) -> Result<Postmaster, Error> {
        match Postmaster::running(&self.data()) {
            Some(mut postmaster) => {
                self.ready(&mut postmaster).await?;
                Ok(postmaster)
            }
            None => self.start().await,
        }
    }

    /// A new server, after the end of one that a killed process left behind.
    pub(super) async fn restart(&self) -> Result<Postmaster, Error> {
        if let Some(mut orphan) = Postmaster::running(&self.data()) {
            tracing::info!("stopping the PostgreSQL that an earlier tillroll left running");
            orphan.signal(Signal::INT);
            if timeout(CLEAN_STOP, orphan.ended()).await.is_err() {
                orphan.signal(Signal::QUIT);
                orphan.ended().await;
            }
            socket::remove(&self.folder, orphan.socket_folder(), &self.account);
        }
        self.start().await
    }

    /// A new server; initialises the cluster when it is new.
    pub(super) async fn start(&self) -> Result<Postmaster, Error> {
        let socket_folder = socket::make(&self.folder, &self.account)?;
        self.start_at(&socket_folder).await
    }

    /// The same with its socket in the folder: where those who were connected to the server before look for it.
    pub(super) async fn start_at(&self, socket_folder: &Path) -> Result<Postmaster, Error> {
        folder::initialise(&self.folder, &self.installation, &self.account).await?;
        if matches!(self.account, Account::Other { .. }) && owned_by_root(&self.data()) {
            self.account.give_all(&self.data())?;
        }
        // No server of this folder runs, so the file's number is another process's by now, and PostgreSQL would take
        // it for a server.
        let note = self.data().join("postmaster.pid");
        match std::fs::remove_file(&note) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::File {
                    doing: "remove",
                    path: note,
                    source: error,
                });
            }
            _ => {}
        }
        socket::clear(socket_folder)?;
        settings::write(&self.folder, socket_folder)?;
        self.account.give(&self.data().join("postgresql.conf"))?;
        let deadline = Instant::now() + START_AGAIN_WITHIN;
        let mut postmaster = loop {
            match self.launch(socket_folder).await {
                Err(Error::Start { reason, .. }) if reason.contains(STILL_IN_USE) && Instant::now() < deadline => {
                    sleep(LOOK_EVERY * 10).await;
                }
                other => break other?,
            }
        };
        self.create_database(&mut postmaster).await?;
        Ok(postmaster)
    }

    async fn launch(&self, socket_folder: &Path) -> Result<Postmaster, Error> {
        let path = self.log();
        let too_long = std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() > LONGEST_LOG);
        let log = OpenOptions::new()
            .create(true)
            .write(true)
            .append(!too_long)
            .truncate(too_long)
            .open(&path)
            .map_err(Error::file("open", &path))?;
        let begin = if too_long {
            0
        } else {
            log.metadata().map_err(Error::file("read", &path))?.len()
        };
        self.account.give(&path)?;
        let second = log.try_clone().map_err(Error::file("open", &path))?;

        let program = self.installation.program("postgres");
        let mut command = Command::new(&program);
        command.arg("-D").arg(self.data());
        self.account.apply(&mut command);
        folder::environment(&mut command)
            .current_dir(&self.folder)
            // A terminal's Ctrl-C goes to the whole foreground group; PostgreSQL must outlive the work that is being
            // drained.
            .process_group(0)
            // A start that is given up leaves nothing behind.
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(second);
        let child = command.spawn().map_err(Error::file("run", &program))?;
        let Some(mut postmaster) = Postmaster::of_child(child, self.data(), socket_folder.to_owned()) else {
            return Err(Error::Start {
                reason: "it ended at once".to_owned(),
                log: path,
            });
        };
        match self.ready(&mut postmaster).await {
            Ok(()) => Ok(postmaster),
            Err(Error::Start { reason, log }) => Err(Error::Start {
                reason: log_since(&path, begin).unwrap_or(reason),
                log,
            }),
            Err(error) => Err(error),
        }
    }

    /// Waits until the server takes connections. Recovery after a crash takes as long as it takes: only the server's
    /// end ends the wait.
    async fn ready(&self, postmaster: &mut Postmaster) -> Result<(), Error> {
        let data = self.data();
        let mut reported_at = Instant::now();
        let ready = async {
            loop {
                if Note::read(&data).is_some_and(|note| note.status == "ready") {
                    return;
                }
                if reported_at.elapsed() > Duration::from_secs(10) {
                    tracing::info!("waiting for PostgreSQL to recover");
                    reported_at = Instant::now();
                }
                sleep(LOOK_EVERY).await;
            }
        };
        tokio::select! {
            () = ready => Ok(()),
            end = postmaster.ended() => Err(Error::Start { reason: end, log: self.log() }),
        }
    }

    async fn create_database(&self, postmaster: &mut Postmaster) -> Result<(), Error> {
        let result = create_database(postmaster.socket_folder()).await;
        if result.is_err() {
            self.abandon(postmaster).await;
        }
        Ok(result?)
    }

    /// Ends a server that did not come up as it should.
    async fn abandon(&self, postmaster: &mut Postmaster) {
        postmaster.signal(Signal::QUIT);
        postmaster.ended().await;
        self.clean(postmaster);
    }

    /// Removes what a stopped server leaves outside its folder.
    pub(super) fn clean(&self, postmaster: &Postmaster) {
        socket::remove(&self.folder, postmaster.socket_folder(), &self.account);
    }
}

async fn create_database(socket_folder: &Path) -> Result<(), sqlx::Error> {
    let options = connect_options(socket_folder, "postgres").disable_statement_logging();
    let mut connection = PgConnection::connect_with(&options).await?;
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(DATABASE)
        .fetch_one(&mut connection)
        .await?;
    if !exists {
        connection
            .execute(format!("CREATE DATABASE {DATABASE}").as_str())
            .await?;
    }
    connection.close().await
}

fn owned_by_root(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.uid() == 0)
}

/// The last lines that the server wrote after the position.
fn log_since(log: &Path, begin: u64) -> Option<String> {
    let bytes = std::fs::read(log).ok()?;
    let text = String::from_utf8_lossy(bytes.get(usize::try_from(begin).ok()?..)?).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(5)..)?.join(" | ");
    (!last.is_empty()).then_some(last)
}

fn join_error(error: tokio::task::JoinError) -> Error {
    Error::File {
        doing: "look for programs in",
        path: PathBuf::from("/usr/lib/postgresql"),
        source: std::io::Error::other(error),
    }
}
