//! PostgreSQL's programs on disk, which the package manager may replace while they run.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::account::Account;
use super::binaries::Installation;
use super::{Error, folder};

/// The programs as they were when the server was started.
#[derive(Debug)]
pub(super) struct Programs {
    files: Vec<(PathBuf, Option<Identity>)>,
}

/// Identifies a file, so that another one in its place is noticed.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    changed: (i64, i64),
}

impl Programs {
    pub(super) fn now(installation: &Installation) -> Programs {
        // What a running server loads as it needs it is beside its program, in one folder or another.
        let beside = ["../lib", "../lib/postgresql", "../lib64/pgsql"];
        let libraries = beside
            .iter()
            .map(|folder| installation.program(folder).join("plpgsql.so"));
        let files = std::iter::once(installation.program("postgres"))
            .chain(libraries)
            .map(|path| (path.clone(), identity(&path)));
        Programs { files: files.collect() }
    }

    /// Whether other files are in their place by now.
    pub(super) fn were_replaced(&self) -> bool {
        self.files.iter().any(|(path, before)| identity(path) != *before)
    }
}

fn identity(path: &Path) -> Option<Identity> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Identity {
        device: metadata.dev(),
        inode: metadata.ino(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

/// Makes and removes a cluster, which takes a second or two: programs that can do that can run one, so none of their files is missing or of
/// another version.
pub(super) async fn rehearse(cluster: &Path, installation: &Installation, account: &Account) -> Result<(), Error> {
    let stage = cluster.join("rehearsal");
    let done = folder::make_cluster(&stage, installation, account).await;
    match std::fs::remove_dir_all(&stage) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::file("remove", &stage)(error)),
        _ => done,
    }
}

/// What the installed server program says of itself, as `SHOW server_version` does: `15.18 (Debian 15.18-0+deb12u1)`.
pub async fn version(installation: &Installation) -> Option<String> {
    let output = Command::new(installation.program("postgres"))
        .arg("--version")
        .output()
        .await
        .ok()?;
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(version.split_once("(PostgreSQL) ")?.1.trim().to_owned())
}
