//! Finding PostgreSQL's server programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Error;

/// The oldest major version whose SQL the migrations and read models may use.
const OLDEST: u32 = 14;

/// One installed version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The folder of `initdb` and `postgres`.
    pub folder: PathBuf,
    /// The major version.
    pub major: u32,
}

impl Installation {
    /// A program of this installation.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// All usable installations, the newest first; of two equal ones that of `PATH`, then that which `pg_config` knows, then Debian's.
pub fn find(path: Option<&OsStr>) -> Result<Vec<Installation>, Error> {
    find_in(Path::new("/usr/lib/postgresql"), path)
}

fn find_in(debian: &Path, path: Option<&OsStr>) -> Result<Vec<Installation>, Error> {
    let mut folders: Vec<PathBuf> = Vec::new();
    let search: Vec<PathBuf> = path
        .map(|path| std::env::split_paths(path).collect())
        .unwrap_or_default();
    // Through links, since a linked program finds its libraries beside the real one.
    folders.extend(
        search
            .iter()
            .filter_map(|folder| folder.join("initdb").canonicalize().ok())
            .filter_map(|program| program.parent().map(Path::to_owned)),
    );
    if let Some(pg_config) = search
        .iter()
        .map(|folder| folder.join("pg_config"))
        .find(|program| program.is_file())
        && let Ok(output) = Command::new(pg_config).arg("--bindir").output()
    {
        folders.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    if let Ok(entries) = std::fs::read_dir(debian) {
        folders.extend(entries.flatten().map(|entry| entry.path().join("bin")));
    }

    let mut installations: Vec<Installation> = Vec::new();
    for folder in folders {
        if installations.iter().any(|known| known.folder == folder) || !folder.join("initdb").is_file() {
            continue;
        }
        if let Some(major) = version(&folder.join("postgres")) {
            installations.push(Installation { folder, major });
        }
    }
    // Stable: of two equal versions the one found first.
    installations.sort_by_key(|installation| std::cmp::Reverse(installation.major));
    match installations.first() {
        None => Err(Error::NoPrograms {
            searched: format!("{}/*/bin, PATH and pg_config", debian.display()),
        }),
        Some(newest) if newest.major < OLDEST => Err(Error::TooOld {
            newest: newest.major,
            needed: OLDEST,
        }),
        Some(_) => {
            installations.retain(|installation| installation.major >= OLDEST);
            Ok(installations)
        }
    }
}

fn version(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres).arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// From `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` or `postgres (PostgreSQL) 18beta1`.
fn parse_version(text: &str) -> Option<u32> {
    let number = text.split_once("(PostgreSQL) ")?.1;
    let digits = number
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(number.len());
    number.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::{Error, find_in, parse_version};

    fn install(folder: &Path, version: &str) {
        std::fs::create_dir_all(folder).unwrap();
        for program in ["initdb", "postgres"] {
            let file = folder.join(program);
            std::fs::write(&file, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    #[test]
    fn the_newest_comes_first_and_path_counts_too() {
        let folder = tempfile::tempdir().unwrap();
        install(&folder.path().join("9.6/bin"), "9.6.24");
        install(&folder.path().join("15/bin"), "15.18 (Debian 15.18-0+deb12u1)");
        install(&folder.path().join("elsewhere"), "18beta1");
        let path = OsString::from(folder.path().join("elsewhere"));
        let found = find_in(folder.path(), Some(&path)).unwrap();
        assert_eq!(
            found.iter().map(|installation| installation.major).collect::<Vec<_>>(),
            [18, 15]
        );
    }

    #[test]
    fn nothing_and_too_old_say_what_to_install() {
        let folder = tempfile::tempdir().unwrap();
        let error = find_in(folder.path(), None).unwrap_err();
        assert!(error.to_string().contains("apt-get install postgresql"), "{error}");
        install(&folder.path().join("11/bin"), "11.2");
        assert!(matches!(
            find_in(folder.path(), None).unwrap_err(),
            Error::TooOld { newest: 11, .. }
        ));
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.18 (Debian)"), Some(15));
        assert_eq!(parse_version("postgres (PostgreSQL) 17devel"), Some(17));
        assert_eq!(parse_version("something else"), None);
    }
}
