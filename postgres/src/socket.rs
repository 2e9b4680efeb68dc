//! Where the cluster's socket is.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::Error;
use super::account::Account;
use super::connection::PORT;
use super::folder::set_mode;

/// The kernel keeps a socket's path in 108 bytes, the last of which is zero.
const LONGEST_PATH: usize = 107;

/// Makes the private folder of the socket: `run` beside the data, or a short one in `/tmp` when that path is too long
/// or has characters that PostgreSQL's list of folders gives a meaning to.
pub(super) fn make(folder: &Path, account: &Account) -> Result<PathBuf, Error> {
    let beside = folder.join("run");
    if fits(&beside) {
        if !beside.exists() {
            std::fs::create_dir(&beside).map_err(Error::file("make the folder", &beside))?;
        }
        set_mode(&beside, 0o700)?;
        account.give(&beside)?;
        return Ok(beside);
    }
    make_short(Path::new("/tmp"), account)
}

fn fits(folder: &Path) -> bool {
    let socket = folder.join(format!(".s.PGSQL.{PORT}"));
    let plain = |text: &str| !text.contains(['\'', '"', ',', '\\', '\n', '\r']);
    socket.as_os_str().len() <= LONGEST_PATH && folder.to_str().is_some_and(plain)
}

/// A folder under a name that nobody else has made: everyone may write to `/tmp`, so a name that exists is never
/// trusted.
fn make_short(parent: &Path, account: &Account) -> Result<PathBuf, Error> {
    let process = std::process::id();
    let mut number = 0;
    loop {
        let short = parent.join(format!("tillroll-{process}-{number}"));
        match std::fs::DirBuilder::new().mode(0o700).create(&short) {
            Ok(()) => {
                account.give(&short)?;
                return Ok(short);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < 1000 => number += 1,
            Err(source) => {
                return Err(Error::File {
                    doing: "make the folder",
                    path: short,
                    source,
                });
            }
        }
    }
}

/// Removes a short folder after its server has stopped; the one beside the data stays.
pub(super) fn remove(folder: &Path, socket_folder: &Path, account: &Account) {
    if socket_folder.starts_with(folder) {
        return;
    }
    let owner = match account {
        Account::Myself => rustix::process::geteuid().as_raw(),
        Account::Other { user, .. } => *user,
    };
    if std::fs::symlink_metadata(socket_folder).is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == owner) {
        // Left behind, it does no harm: the next start makes another.
        let _ = clear(socket_folder);
        let _ = std::fs::remove_dir(socket_folder);
    }
}

/// Removes what a server that was killed left in its folder. Its lock names a process by number, and another process with that
/// number would be taken for the server.
pub(super) fn clear(socket_folder: &Path) -> Result<(), Error> {
    for file in [format!(".s.PGSQL.{PORT}"), format!(".s.PGSQL.{PORT}.lock")] {
        let path = socket_folder.join(file);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::file("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Account, clear, fits, make};

    #[test]
    fn a_long_path_gets_a_short_socket() {
        assert!(fits(Path::new("/var/lib/tillroll/postgres/run")));
        assert!(!fits(Path::new("/var/lib/it's/run")));
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("x".repeat(120));
        std::fs::create_dir(&long).unwrap();
        let made = make(&long, &Account::Myself).unwrap();
        assert!(fits(&made) && made.starts_with("/tmp"), "{}", made.display());
        let another = make(&long, &Account::Myself).unwrap();
        assert_ne!(made, another);
        std::fs::write(made.join(".s.PGSQL.5432.lock"), std::process::id().to_string()).unwrap();
        clear(&made).unwrap();
        assert_eq!(std::fs::read_dir(&made).unwrap().count(), 0);
        for folder in [made, another] {
            super::remove(&long, &folder, &Account::Myself);
            assert!(!folder.exists());
        }
    }
}
