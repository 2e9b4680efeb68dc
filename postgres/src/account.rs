//! Who the server runs as.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::Error;

/// The account of the server process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// The user who runs Tillroll.
    Myself,
    /// Tillroll runs as root, and PostgreSQL refuses to: another one.
    Other { name: String, user: u32, group: u32 },
}

impl Account {
    /// For a cluster that exists, its owner; for a new one as root, `postgres` or else `nobody`.
    pub(super) fn choose(cluster: &Path) -> Result<Account, Error> {
        Account::choose_for(
            rustix::process::geteuid().as_raw(),
            cluster,
            &std::fs::read_to_string("/etc/passwd").unwrap_or_default(),
        )
    }

    fn choose_for(me: u32, cluster: &Path, accounts: &str) -> Result<Account, Error> {
        let owner = std::fs::metadata(cluster)
            .ok()
            .map(|metadata| (metadata.uid(), metadata.gid()));
        match (me, owner) {
            (0, Some((user, group))) if user != 0 => {
                let name = find(accounts, |_, id| id == user).map_or_else(|| user.to_string(), |(name, ..)| name);
                Ok(Account::Other { name, user, group })
            }
            (0, _) => {
                let by_name = |wanted: &str| find(accounts, |name, id| name == wanted && id != 0);
                let (name, user, group) = by_name("postgres")
                    .or_else(|| by_name("nobody"))
                    .ok_or(Error::NoAccount)?;
                Ok(Account::Other { name, user, group })
            }
            (me, Some((owner, _))) if owner != me => Err(Error::NotOurs {
                folder: cluster.to_owned(),
                owner,
            }),
            _ => Ok(Account::Myself),
        }
    }

    /// Makes the program run as the account. Root's supplementary groups are dropped with it.
    pub(super) fn apply(&self, command: &mut Command) {
        if let Account::Other { user, group, .. } = self {
            command.uid(*user).gid(*group);
        }
    }

    /// Gives the file or folder to the account.
    pub(super) fn give(&self, path: &Path) -> Result<(), Error> {
        match self {
            Account::Myself => Ok(()),
            Account::Other { user, group, .. } => {
                chown(path, Some(*user), Some(*group)).map_err(Error::file("give away", path))
            }
        }
    }

    /// Lets the account pass through a folder of ours.
    pub(super) fn pass_through(&self, folder: &Path) -> Result<(), Error> {
        match self {
            Account::Myself => Ok(()),
            Account::Other { group, .. } => crate::data_folder::let_through(folder, *group)
                .map_err(Error::file("let PostgreSQL's account through", folder)),
        }
    }

    /// Gives a folder and all that is in it to the account, for clusters that were copied as root.
    pub(super) fn give_all(&self, path: &Path) -> Result<(), Error> {
        self.give(path)?;
        for entry in std::fs::read_dir(path).map_err(Error::file("read", path))? {
            let entry = entry.map_err(Error::file("read", path))?;
            if entry.file_type().map_err(Error::file("read", &entry.path()))?.is_dir() {
                self.give_all(&entry.path())?;
            } else if !entry.path().is_symlink() {
                self.give(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Fails when the account may not enter a folder above the (existing, absolute) one.
    pub(super) fn check_reach(&self, folder: &Path) -> Result<(), Error> {
        let Account::Other { name, user, group } = self else {
            return Ok(());
        };
        let mut above: Vec<PathBuf> = folder.ancestors().skip(1).map(Path::to_owned).collect();
        above.reverse();
        for parent in above {
            let metadata = std::fs::metadata(&parent).map_err(Error::file("read", &parent))?;
            let bit = if metadata.uid() == *user {
                0o100
            } else if metadata.gid() == *group {
                0o010
            } else {
                0o001
            };
            if metadata.permissions().mode() & bit == 0 {
                return Err(Error::Unreachable {
                    account: name.clone(),
                    blocking: parent,
                });
            }
        }
        Ok(())
    }
}

fn find(accounts: &str, wanted: impl Fn(&str, u32) -> bool) -> Option<(String, u32, u32)> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, user, group) = (
            fields.next()?,
            fields.next()?,
            fields.next()?.parse().ok()?,
            fields.next()?.parse().ok()?,
        );
        wanted(name, user).then(|| (name.to_owned(), user, group))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Account, Error};

    const ACCOUNTS: &str = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n";

    #[test]
    fn root_gives_way() {
        let missing = Path::new("/nonexistent");
        let nobody = Account::Other {
            name: "nobody".into(),
            user: 65534,
            group: 65534,
        };
        assert_eq!(Account::choose_for(0, missing, ACCOUNTS).unwrap(), nobody);
        let accounts = format!("{ACCOUNTS}postgres:x:101:104::/:/bin/sh\n");
        assert!(matches!(
            Account::choose_for(0, missing, &accounts).unwrap(),
            Account::Other {
                user: 101,
                group: 104,
                ..
            }
        ));
        assert!(matches!(
            Account::choose_for(0, missing, "root:x:0:0::/root:/bin/sh"),
            Err(Error::NoAccount)
        ));
        assert_eq!(Account::choose_for(1000, missing, ACCOUNTS).unwrap(), Account::Myself);
    }

    #[test]
    fn somebody_elses_cluster_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            Account::choose_for(54321, folder.path(), ACCOUNTS),
            Err(Error::NotOurs { .. })
        ));
    }

    #[test]
    fn a_closed_folder_above_is_named() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let closed = folder.path().canonicalize().unwrap().join("closed");
        std::fs::create_dir_all(closed.join("data")).unwrap();
        for (path, mode) in [(folder.path(), 0o711), (&closed, 0o700)] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let account = Account::Other {
            name: "other".into(),
            user: 54321,
            group: 54321,
        };
        let error = account.check_reach(&closed.join("data")).unwrap_err();
        assert!(
            error.to_string().contains(&format!("chmod o+x {}", closed.display())),
            "{error}"
        );
    }
}
