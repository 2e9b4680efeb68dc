//! What can be wrong with the embedded cluster, and what to do about it.

use std::path::{Path, PathBuf};

/// The embedded cluster cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine has no PostgreSQL programs.
    #[error(
        "no PostgreSQL server programs found (looked in {searched}): install the Debian package `postgresql` (apt-get install postgresql), or set \
         DATABASE_URL to a server that is running"
    )]
    NoPrograms {
        /// Where was looked.
        searched: String,
    },
    /// All installed versions are too old.
    #[error(
        "PostgreSQL {newest} is too old: version {needed} or newer is needed; install a newer one, or set DATABASE_URL to a server that is running"
    )]
    TooOld {
        /// The newest major version that was found.
        newest: u32,
        /// The oldest that will do.
        needed: u32,
    },
    /// Another server has the data folder.
    #[error(
        "the data folder {folder} is in use by another `tillroll serve`{process}: stop that one, or choose another folder with TILLROLL_DATA_DIR"
    )]
    InUse {
        /// The data folder.
        folder: PathBuf,
        /// ` (process 123)`, or nothing when it is not known.
        process: String,
    },
    /// The cluster was made by a version of PostgreSQL that is not installed.
    #[error(
        "the data folder {folder} was made by PostgreSQL {found}, and this machine has {installed}: install the Debian package `postgresql-{found}`, or move \
         the data to a new folder with pg_dump and psql (or pg_upgrade), or choose another folder with TILLROLL_DATA_DIR"
    )]
    OtherVersion {
        /// The cluster's folder.
        folder: PathBuf,
        /// The major version that made it.
        found: u32,
        /// The major versions of this machine, listed.
        installed: String,
    },
    /// The folder is not a cluster.
    #[error(
        "the folder {folder} is no PostgreSQL cluster ({reason}): move it away, or choose another folder with TILLROLL_DATA_DIR"
    )]
    NotACluster {
        /// The cluster's folder.
        folder: PathBuf,
        /// Why it is none.
        reason: String,
    },
    /// The server's account may not enter a folder above the data.
    #[error(
        "PostgreSQL does not run as root but as `{account}`, and `{account}` may not enter {blocking}: run `chmod o+x {blocking}`, or choose a data folder \
         elsewhere with TILLROLL_DATA_DIR, such as /var/lib/tillroll"
    )]
    Unreachable {
        /// The account.
        account: String,
        /// The folder that shuts it out.
        blocking: PathBuf,
    },
    /// The cluster belongs to somebody else.
    #[error(
        "the folder {folder} belongs to another user (id {owner}): run tillroll as that user or as root, or choose another folder with TILLROLL_DATA_DIR"
    )]
    NotOurs {
        /// The cluster's folder.
        folder: PathBuf,
        /// The owner's user id.
        owner: u32,
    },
    /// Root, and no account to run the server as.
    #[error(
        "PostgreSQL does not run as root, and this machine has neither an account `postgres` nor `nobody`: make one (useradd --system postgres), run tillroll \
         as an ordinary user, or set DATABASE_URL"
    )]
    NoAccount,
    /// A file could not be read or written.
    #[error("cannot {doing} {path}")]
    File {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// A program could not be run or failed.
    #[error("{program} failed: {output}")]
    Program {
        /// Which one.
        program: PathBuf,
        /// Its output.
        output: String,
    },
    /// The server ended before it was ready.
    #[error("PostgreSQL did not start: {reason}; its log is {log}")]
    Start {
        /// The last lines of its log, or what else is known.
        reason: String,
        /// The log file.
        log: PathBuf,
    },
    /// The running cluster does not answer as it should.
    #[error("the embedded PostgreSQL does not answer")]
    Database(#[from] sqlx::Error),
}

impl Error {
    /// For `map_err` on file operations.
    pub(super) fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        move |source| Error::File {
            doing,
            path: path.to_owned(),
            source,
        }
    }
}
