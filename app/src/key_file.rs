//! Private keys on disk: made on first use, complete or not at all, readable by nobody else.

use std::fs::OpenOptions;
use std::io::{Error, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// What was tried, and what happened.
pub(crate) type Failed = (&'static str, Error);

/// Stores a new key, or returns the one that another process has stored meanwhile: of two processes that start together on a new
/// folder, the first one's key stands.
pub(crate) fn store(path: &Path, pem: String) -> Result<String, Failed> {
    let failed = |doing| move |source| (doing, source);
    if let Some(folder) = path.parent()
        && !folder.exists()
    {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed("make the folder of"))?;
    }
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .map_err(failed("write"))?;
    file.write_all(pem.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed("write"))?;
    let linked = std::fs::hard_link(&draft, path);
    let _ = std::fs::remove_file(&draft);
    match linked {
        Ok(()) => Ok(pem),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => std::fs::read_to_string(path).map_err(failed("read")),
        Err(error) => Err(failed("write")(error)),
    }
}
