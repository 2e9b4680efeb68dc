//! The key that refresh tokens are derived from: made on first use in `<data folder>/keys/refresh.key`, or one that several processes share.

use std::io::{Error, ErrorKind};
use std::path::PathBuf;

use anyhow::Context as _;
use postgres::data_folder;

use crate::config::Config;
use crate::key_file;
use crate::world::random_bytes;

/// The key; makes it when it is the data folder's own and not there yet.
pub fn load(config: &Config) -> anyhow::Result<[u8; 32]> {
    let own = || config.data.dir.join("keys").join("refresh.key");
    let path: PathBuf = config.auth.refresh_key_file.clone().unwrap_or_else(own);
    let failed = |doing: &str| format!("cannot {doing} the key of refresh tokens {}", path.display());
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && config.auth.refresh_key_file.is_none() => {
            data_folder::make(&config.data.dir).with_context(|| failed("make the data folder for"))?;
            let key = random_bytes::<32>().with_context(|| failed("make"))?;
            let text = key.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
            key_file::store(&path, text + "\n")
                .map_err(|(doing, error): (_, Error)| anyhow::Error::new(error).context(failed(doing)))?
        }
        Err(error) => return Err(error).with_context(|| failed("read")),
    };
    parse(text.trim()).with_context(|| {
        format!(
            "{} is no key of refresh tokens (see TILLROLL_REFRESH_KEY_FILE): 64 hexadecimal digits are expected",
            path.display()
        )
    })
}

fn parse(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::load;
    use crate::config::Config;

    #[test]
    fn the_key_is_made_once_is_private_and_can_be_shared() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = ("data-dir", folder.path().display().to_string());
        let config = Config::from_pairs([data_dir.clone()]).unwrap();
        let key = load(&config).unwrap();
        assert_eq!(load(&config).unwrap(), key);
        let file = folder.path().join("keys/refresh.key");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let other = tempfile::tempdir().unwrap();
        let shared = [
            ("data-dir", other.path().display().to_string()),
            ("refresh-key-file", file.display().to_string()),
        ];
        let shared = Config::from_pairs(shared).unwrap();
        assert_eq!(load(&shared).unwrap(), key);
        std::fs::write(&file, "nonsense").unwrap();
        assert!(load(&shared).is_err());
    }
}
