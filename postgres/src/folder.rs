//! The cluster's folder on disk: `<data folder>/postgres/` with `data` (PostgreSQL's own), `run` (the socket) and
//! `server.log`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rand::TryRng as _;
use rand::rngs::SysRng;
use tokio::process::Command;

use super::Error;
use super::account::Account;
use super::binaries::Installation;
use super::connection::USER;

/// Where clusters live whose data folder is closed to the server's account.
const ELSEWHERE: &str = "/var/lib/tillroll";

/// Makes the data folder and its `postgres`; returns the latter, absolute and without links.
///
/// Root's home is closed to everybody else, the server's account included. There `postgres` is a link to a folder of its
/// own under [`ELSEWHERE`].
pub(super) fn make(data_dir: &Path, account: &Account) -> Result<PathBuf, Error> {
    crate::data_folder::make(data_dir).map_err(Error::file("make the data folder", data_dir))?;
    account.pass_through(data_dir)?;
    let data_dir = data_dir
        .canonicalize()
        .map_err(Error::file("enter the data folder", data_dir))?;
    let folder = data_dir.join("postgres");
    if !folder.exists() {
        match account.check_reach(&folder) {
            Ok(()) => make_owned(&folder, account)?,
            Err(Error::Unreachable { blocking, .. }) => {
                let elsewhere = make_elsewhere(account)?;
                // A link whose folder has been removed is in the way.
                if folder.is_symlink() {
                    std::fs::remove_file(&folder).map_err(Error::file("remove", &folder))?;
                }
                std::os::unix::fs::symlink(&elsewhere, &folder).map_err(Error::file("make the link", &folder))?;
                tracing::info!(
                    blocking = %blocking.display(), cluster = %elsewhere.display(),
                    "PostgreSQL's account may not enter the data folder; its files are elsewhere, linked from there"
                );
            }
            Err(error) => return Err(error),
        }
    }
    let folder = folder.canonicalize().map_err(Error::file("enter", &folder))?;
    account.check_reach(&folder)?;
    Ok(folder)
}

fn make_owned(folder: &Path, account: &Account) -> Result<(), Error> {
    std::fs::create_dir(folder).map_err(Error::file("make the folder", folder))?;
    set_mode(folder, 0o700)?;
    account.give(folder)
}

/// A new folder under [`ELSEWHERE`]. Its name is random: what a removed data folder left there must not come back in another.
fn make_elsewhere(account: &Account) -> Result<PathBuf, Error> {
    let parent = Path::new(ELSEWHERE);
    crate::data_folder::make(parent).map_err(Error::file("make the folder", parent))?;
    account.pass_through(parent)?;
    let name = SysRng
        .try_next_u64()
        .map_err(|error| Error::file("name a folder in", parent)(std::io::Error::other(error)))?;
    let folder = parent.join(format!("{name:016x}"));
    make_owned(&folder, account)?;
    Ok(folder)
}

pub(super) fn set_mode(path: &Path, mode: u32) -> Result<(), Error> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .map_err(Error::file("set the permissions of", path))
}

/// The major version that made the cluster in the data folder; `None` when there is none yet.
pub fn major_version(data_dir: &Path) -> Result<Option<u32>, Error> {
    version_of(&data_dir.join("postgres").join("data"))
}

pub(super) fn version_of(data: &Path) -> Result<Option<u32>, Error> {
    if !data.exists() {
        return Ok(None);
    }
    let file = data.join("PG_VERSION");
    let broken = |reason: String| Error::NotACluster {
        folder: data.to_owned(),
        reason,
    };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Err(Error::File {
                doing: "read",
                path: file,
                source: error,
            });
        }
        Err(error) => return Err(broken(format!("its file PG_VERSION: {error}"))),
    };
    let major = text.trim().split('.').next().and_then(|major| major.parse().ok());
    major
        .map(Some)
        .ok_or_else(|| broken(format!("its file PG_VERSION says \"{}\"", text.trim())))
}

/// The installation to run the cluster with: the version that made it, or the newest for a new one.
pub(super) fn choose(data: &Path, installations: &[Installation]) -> Result<Installation, Error> {
    let found = version_of(data)?;
    let chosen = installations
        .iter()
        .find(|installation| found.is_none_or(|found| installation.major == found));
    chosen.cloned().ok_or_else(|| {
        let installed: Vec<String> = installations
            .iter()
            .map(|installation| format!("PostgreSQL {}", installation.major))
            .collect();
        Error::OtherVersion {
            folder: data.to_owned(),
            found: found.unwrap_or_default(),
            installed: installed.join(", "),
        }
    })
}

/// Makes the cluster when there is none. It appears under its name only when it is complete.
pub(super) async fn initialise(folder: &Path, installation: &Installation, account: &Account) -> Result<(), Error> {
    let data = folder.join("data");
    if data.exists() {
        return Ok(());
    }
    let unfinished = folder.join("data.unfinished");
    make_cluster(&unfinished, installation, account).await?;
    std::fs::rename(&unfinished, &data).map_err(Error::file("rename", &unfinished))?;
    std::fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(Error::file("sync", folder))
}

/// Makes a cluster in the place of what may have been left there.
pub(super) async fn make_cluster(data: &Path, installation: &Installation, account: &Account) -> Result<(), Error> {
    if data.exists() {
        std::fs::remove_dir_all(data).map_err(Error::file("remove", data))?;
    }
    let program = installation.program("initdb");
    let mut command = Command::new(&program);
    command.arg("--pgdata").arg(data).args([
        "--username",
        USER,
        "--encoding",
        "UTF8",
        "--locale",
        "C.UTF-8",
        "--auth",
        "trust",
        "--data-checksums",
    ]);
    account.apply(&mut command);
    environment(&mut command)
        .current_dir(data.parent().unwrap_or(data))
        .process_group(0)
        .kill_on_drop(true);
    let output = command.output().await.map_err(Error::file("run", &program))?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::Program { program, output });
    }
    // Reached through the private socket only: who can connect is the server's account or root.
    let access = data.join("pg_hba.conf");
    std::fs::write(&access, "local all all trust\n").map_err(Error::file("write", &access))
}

/// A clean environment: PGDATA, PGPORT and the like of the user who starts Tillroll must not steer the cluster.
pub(super) fn environment(command: &mut Command) -> &mut Command {
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
}

#[cfg(test)]
mod tests {
    use super::{Error, choose, version_of};
    use crate::Installation;

    #[test]
    fn a_cluster_is_run_by_the_version_that_made_it() {
        let data = tempfile::tempdir().unwrap();
        let installed = [17, 15].map(|major| Installation {
            folder: "/x".into(),
            major,
        });
        assert_eq!(choose(&data.path().join("none"), &installed).unwrap().major, 17);
        std::fs::write(data.path().join("PG_VERSION"), "15\n").unwrap();
        assert_eq!(choose(data.path(), &installed).unwrap().major, 15);
        std::fs::write(data.path().join("PG_VERSION"), "12\n").unwrap();
        let message = choose(data.path(), &installed).unwrap_err().to_string();
        assert!(
            message.contains("made by PostgreSQL 12")
                && message.contains("PostgreSQL 17, PostgreSQL 15")
                && message.contains("`postgresql-12`"),
            "{message}"
        );
    }

    #[test]
    fn other_folders_are_not_touched() {
        let data = tempfile::tempdir().unwrap();
        assert!(matches!(version_of(data.path()), Err(Error::NotACluster { .. })));
    }
}
