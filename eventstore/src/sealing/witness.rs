//! The newest checkpoint that was signed here, kept in a file: who rewrites the database does not reach it.

use std::fs::{DirBuilder, File};
use std::io::{Error, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use seal::SignedCheckpoint;

use super::error::SealError;

/// Remembers the newest checkpoint outside of the database. What is signed next must go on from it.
///
/// The file is written once a checkpoint is committed, so it may lag behind the database, after a crash by one checkpoint, and by any
/// number when other sealers were at work. It is never ahead of it.
#[derive(Clone, Debug)]
pub struct Witness {
    path: PathBuf,
}

impl Witness {
    /// Keeps the checkpoint in this file, in the form of an exported one.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The checkpoint; `None` when nothing has been sealed here yet.
    ///
    /// # Errors
    /// [`SealError::Witness`] when the file cannot be read or holds something else.
    pub fn newest(&self) -> Result<Option<SignedCheckpoint>, SealError> {
        match std::fs::read_to_string(&self.path) {
            Ok(note) => match note.parse() {
                Ok(signed) => Ok(Some(signed)),
                Err(error) => Err(self.failed(Error::new(ErrorKind::InvalidData, error))),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Keeps `newest` from now on; durable when it returns.
    pub(crate) async fn keep(&self, newest: Option<&SignedCheckpoint>) -> Result<(), SealError> {
        let (this, note) = (self.clone(), newest.map(ToString::to_string));
        let write = move || match note {
            Some(note) => this.write(&note),
            None => this.remove(),
        };
        let written = tokio::task::spawn_blocking(write).await.map_err(Error::other);
        written.flatten().map_err(|error| self.failed(error))
    }

    fn write(&self, note: &str) -> Result<(), Error> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let draft = self.path.with_extension(format!("{}.draft", std::process::id()));
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(note.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, &self.path)?;
        folder.map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }

    fn remove(&self) -> Result<(), Error> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn failed(&self, source: Error) -> SealError {
        SealError::Witness {
            path: self.path.clone(),
            source,
        }
    }
}
