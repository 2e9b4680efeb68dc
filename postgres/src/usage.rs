//! Who uses the data folder, by locks that the kernel drops with their process:
//! `<data folder>/tillroll.lock` is the server's alone; `postgres/users.lock` is shared by every process that uses
//! the cluster, so that the last one can tell; `postgres/change.lock` is held while somebody starts or stops it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::Error;

/// The right to serve from a data folder.
#[derive(Debug)]
pub(super) struct ServeLock {
    file: File,
}

impl ServeLock {
    pub(super) fn take(data_dir: &Path) -> Result<ServeLock, Error> {
        let path = data_dir.join("tillroll.lock");
        let mut file = open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Only for the message.
                let _ = file.read_to_string(&mut text);
                return Err(in_use(data_dir, text.trim().parse().ok()));
            }
            Err(TryLockError::Error(source)) => {
                return Err(Error::File {
                    doing: "lock",
                    path,
                    source,
                });
            }
        }
        let note = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        note(&mut file).map_err(Error::file("write", &path))?;
        Ok(ServeLock { file })
    }
}

impl Drop for ServeLock {
    fn drop(&mut self) {
        // The number of a process that is gone would only mislead; the lock itself goes with the file.
        let _ = self.file.set_len(0);
    }
}

/// Fails when another process serves from the data folder. Touches nothing: it may not be there yet.
pub fn check_free(data_dir: &Path) -> Result<(), Error> {
    match serving_process(data_dir) {
        Some(process) => Err(in_use(data_dir, Some(process))),
        None => Ok(()),
    }
}

fn in_use(data_dir: &Path, process: Option<u32>) -> Error {
    let folder = data_dir.canonicalize().unwrap_or_else(|_| data_dir.to_owned());
    Error::InUse {
        folder,
        process: process
            .map(|process| format!(" (process {process})"))
            .unwrap_or_default(),
    }
}

/// The process that serves from the data folder; `None`: no one does.
#[must_use]
pub fn serving_process(data_dir: &Path) -> Option<u32> {
    let mut file = File::open(data_dir.join("tillroll.lock")).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            file.read_to_string(&mut text).ok()?;
            text.trim().parse().ok()
        }
        _ => None,
    }
}

/// This process's use of the cluster.
#[derive(Debug)]
pub(super) struct Usage {
    users: File,
    alone: bool,
    change: Option<File>,
}

impl Usage {
    /// Joins the users; others wait with their changes until [`Usage::started`].
    pub(super) async fn begin(folder: &Path) -> Result<Usage, Error> {
        let change = lock_changes(folder).await?;
        let path = folder.join("users.lock");
        let alone = open(&path)?.try_lock().is_ok();
        let users = open(&path)?;
        users.lock_shared().map_err(Error::file("lock", &path))?;
        Ok(Usage {
            users,
            alone,
            change: Some(change),
        })
    }

    /// Whether nobody else was using the cluster when this process came.
    pub(super) fn is_alone(&self) -> bool {
        self.alone
    }

    /// For finding out later whether somebody else uses the cluster.
    pub(super) fn others(&self, folder: &Path) -> Result<Others, Error> {
        let path = folder.join("users.lock");
        let users = self.users.try_clone().map_err(Error::file("open", &path))?;
        Ok(Others { users, path })
    }

    /// The cluster runs: others may look.
    pub(super) fn started(&mut self) {
        self.change = None;
    }

    /// Leaves the users. The server always counts as the last: the cluster is its own.
    pub(super) async fn end(self, folder: &Path, server: bool) -> Result<Departure, Error> {
        let change = match self.change {
            Some(change) => change,
            None => lock_changes(folder).await?,
        };
        // Said, since a clone may outlive it.
        let path = folder.join("users.lock");
        self.users.unlock().map_err(Error::file("unlock", &path))?;
        let last = open(&path)?.try_lock().is_ok();
        if server && !last {
            tracing::info!("other tillroll commands are still using the database; it stops all the same");
        }
        Ok(Departure {
            last: last || server,
            _change: change,
        })
    }
}

/// What a leaving process has to do; others wait until it is dropped.
#[derive(Debug)]
pub(super) struct Departure {
    last: bool,
    _change: File,
}

impl Departure {
    pub(super) fn is_last(&self) -> bool {
        self.last
    }
}

/// The other users of the cluster.
#[derive(Debug)]
pub(super) struct Others {
    /// The same lock as this process's use.
    users: File,
    path: PathBuf,
}

impl Others {
    /// Whether there are any. Only while nobody can come or leave: see [`try_lock_changes`].
    pub(super) fn there_are(&self, _change: &File) -> Result<bool, Error> {
        let there_are = self.users.try_lock().is_err();
        // Neither way is this process's own use of it over.
        self.users.lock_shared().map_err(Error::file("lock", &self.path))?;
        Ok(there_are)
    }
}

/// Keeps everybody else from coming, leaving, starting and stopping, until the file is dropped; `None`: somebody is at it.
pub(super) fn try_lock_changes(folder: &Path) -> Result<Option<File>, Error> {
    let path = folder.join("change.lock");
    let file = open(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(Error::file("lock", &path)(error)),
    }
}

async fn lock_changes(folder: &Path) -> Result<File, Error> {
    let path = folder.join("change.lock");
    let file = open(&path)?;
    // The process that holds it is starting or stopping PostgreSQL, which may take a while.
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    locked
        .map_err(std::io::Error::other)
        .flatten()
        .map_err(Error::file("lock", &path))
}

fn open(path: &Path) -> Result<File, Error> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(Error::file("open", path))
}

#[cfg(test)]
mod tests {
    use super::{Error, ServeLock, Usage, serving_process, try_lock_changes};

    #[test]
    fn a_folder_serves_one() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(serving_process(folder.path()), None);
        let lock = ServeLock::take(folder.path()).unwrap();
        assert_eq!(serving_process(folder.path()), Some(std::process::id()));
        let error = ServeLock::take(folder.path()).unwrap_err();
        assert!(matches!(error, Error::InUse { .. }));
        assert!(
            error.to_string().contains(&format!("(process {})", std::process::id())),
            "{error}"
        );
        drop(lock);
        assert_eq!(serving_process(folder.path()), None);
        ServeLock::take(folder.path()).unwrap();
    }

    #[tokio::test]
    async fn the_last_user_knows() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = Usage::begin(folder.path()).await.unwrap();
        assert!(first.is_alone());
        first.started();
        let mut second = Usage::begin(folder.path()).await.unwrap();
        assert!(!second.is_alone());
        second.started();
        let change = try_lock_changes(folder.path()).unwrap().unwrap();
        let others = first.others(folder.path()).unwrap();
        assert!(others.there_are(&change).unwrap());
        assert!(second.others(folder.path()).unwrap().there_are(&change).unwrap());
        drop(change);
        assert!(!first.end(folder.path(), false).await.unwrap().is_last());
        assert!(second.end(folder.path(), false).await.unwrap().is_last());
    }
}
