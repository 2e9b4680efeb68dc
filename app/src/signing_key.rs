//! The key that signs access tokens: made on first use in `<data folder>/keys/jwt-ed25519.pem`, or one that several
//! gateways share.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use gateway::{KeyError, SigningKey};
use postgres::data_folder;

use crate::config::Config;
use crate::key_file;
use crate::world::random_bytes;

/// The signing key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("cannot {doing} the signing key {path}")]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("{path} cannot be used (see TILLROLL_JWT_KEY_FILE): {reason}")]
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
    config
        .auth
        .jwt_key_file
        .clone()
        .unwrap_or_else(|| config.data.dir.join("keys").join("jwt-ed25519.pem"))
}

/// The key; makes it when it is the data folder's own and not there yet.
pub fn load(config: &Config) -> Result<SigningKey, Error> {
    let path = path(config);
    let pem = match std::fs::read_to_string(&path) {
        Ok(pem) => pem,
        Err(error) if error.kind() == ErrorKind::NotFound && config.auth.jwt_key_file.is_none() => {
            data_folder::make(&config.data.dir).map_err(|source| Error::File {
                doing: "make the data folder for",
                path: path.clone(),
                source,
            })?;
            make(&path)?
        }
        Err(source) => {
            return Err(Error::File {
                doing: "read",
                path,
                source,
            });
        }
    };
    SigningKey::from_pem(&pem).map_err(|reason| Error::Malformed { path, reason })
}

fn make(path: &Path) -> Result<String, Error> {
    let failed = |(doing, source)| Error::File {
        doing,
        path: path.to_owned(),
        source,
    };
    let seed = random_bytes().map_err(|source| failed(("make", source)))?;
    key_file::store(path, SigningKey::from_seed(seed).to_pem()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::{Error, load, path};
    use crate::config::Config;

    fn config(folder: &Path, file: Option<&Path>) -> Config {
        let mut pairs = vec![("data-dir", folder.display().to_string())];
        pairs.extend(file.map(|file| ("jwt-key-file", file.display().to_string())));
        Config::from_pairs(pairs).unwrap()
    }

    #[test]
    fn the_key_is_made_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), None);
        let key = load(&config).unwrap();
        assert_eq!(load(&config).unwrap().id(), key.id());
        assert_eq!(
            std::fs::metadata(path(&config)).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            std::fs::metadata(folder.path().join("keys"))
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o700
        );
    }

    #[test]
    fn a_shared_key_is_checked() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.pem");
        std::fs::write(&file, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        let error = load(&config(folder.path(), Some(&file))).unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }));
        let made = load(&config(folder.path(), None)).unwrap();
        std::fs::write(&file, made.to_pem()).unwrap();
        assert_eq!(load(&config(folder.path(), Some(&file))).unwrap().id(), made.id());
    }
}
