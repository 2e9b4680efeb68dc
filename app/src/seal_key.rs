//! The key that signs checkpoints over the log: made on first use in `<data folder>/keys/seal-ed25519.pem`, or one that several
//! workers share.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use eventstore::sealing::Witness;
use postgres::data_folder;
use seal::{KeyError, SigningKey};

use crate::config::Config;
use crate::key_file;
use crate::world::random_bytes;

/// The key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("cannot {doing} the seal's key {path}")]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("{path} cannot be used (see TILLROLL_SEAL_KEY_FILE): {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: KeyError,
    },
}

/// Where the key is.
#[must_use]
pub fn path(config: &Config) -> PathBuf {
    let own = || config.data.dir.join("keys").join("seal-ed25519.pem");
    config.seal.key_file.clone().unwrap_or_else(own)
}

/// What remembers the newest checkpoint that was signed here: beside the data folder's own keys, also when the key is another one.
#[must_use]
pub fn witness(config: &Config) -> Witness {
    Witness::new(config.data.dir.join("keys").join("newest-checkpoint.txt"))
}

/// The key; makes it when it is the data folder's own and not there yet.
pub fn load(config: &Config) -> Result<SigningKey, Error> {
    if let Some(key) = find(config)? {
        return Ok(key);
    }
    let path = path(config);
    let failed = |doing, source| Error::File {
        doing,
        path: path.clone(),
        source,
    };
    data_folder::make(&config.data.dir).map_err(|source| failed("make the data folder for", source))?;
    let seed = random_bytes().map_err(|source| failed("make", source))?;
    let malformed = |reason| malformed(&path, reason);
    let pem = SigningKey::from_seed(seed).to_pem().map_err(malformed)?;
    let pem = key_file::store(&path, pem).map_err(|(doing, source)| failed(doing, source))?;
    SigningKey::from_pem(&pem).map_err(malformed)
}

/// The key, if there is one.
pub fn find(config: &Config) -> Result<Option<SigningKey>, Error> {
    let path = path(config);
    match std::fs::read_to_string(&path) {
        Ok(pem) => SigningKey::from_pem(&pem)
            .map(Some)
            .map_err(|reason| malformed(&path, reason)),
        Err(error) if error.kind() == ErrorKind::NotFound && config.seal.key_file.is_none() => Ok(None),
        Err(source) => Err(Error::File {
            doing: "read",
            path,
            source,
        }),
    }
}

fn malformed(path: &Path, reason: KeyError) -> Error {
    Error::Malformed {
        path: path.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{Error, find, load, path};
    use crate::config::Config;

    #[test]
    fn the_key_is_made_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let pairs = [("data-dir", folder.path().display().to_string())];
        let config = Config::from_pairs(pairs.clone()).unwrap();
        assert!(find(&config).unwrap().is_none());
        let key = load(&config).unwrap();
        assert_eq!(load(&config).unwrap().public(), key.public());
        assert_eq!(find(&config).unwrap().unwrap().public(), key.public());
        let mode = std::fs::metadata(path(&config)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        let file = folder.path().join("other.pem");
        std::fs::write(&file, "nonsense").unwrap();
        let shared =
            Config::from_pairs(pairs.into_iter().chain([("seal-key-file", file.display().to_string())])).unwrap();
        assert!(matches!(load(&shared), Err(Error::Malformed { .. })));
        std::fs::copy(path(&config), &file).unwrap();
        assert_eq!(load(&shared).unwrap().public(), key.public());
    }
}
