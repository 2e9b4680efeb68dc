//! The data folder itself.

use std::fs::Permissions;
use std::io::{ErrorKind, Result};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

/// What the owner may do with a folder.
const OWNER: u32 = 0o700;
/// A group may pass through to what is its own in there, and see nothing on the way.
const GROUP_PASSES: u32 = 0o010;
/// For folders above, whatever the umask.
const ANYBODY_PASSES: u32 = 0o755;

/// Makes the folder when it is missing, and closes it to other users, also when it existed: all data of the shop is in there.
pub fn make(folder: &Path) -> Result<()> {
    if let Some(above) = folder.parent()
        && !above.as_os_str().is_empty()
        && !above.exists()
    {
        make_above(above)?;
    }
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let metadata = std::fs::metadata(folder)?;
    // A group other than one's own was let through.
    let pass = if metadata.gid() == rustix::process::getegid().as_raw() {
        0
    } else {
        GROUP_PASSES
    };
    restrict(folder, &metadata, metadata.mode() & (OWNER | pass))
}

/// Lets a group pass through the folder: that of the account that the embedded PostgreSQL runs as under root.
pub fn let_through(folder: &Path, group: u32) -> Result<()> {
    let metadata = std::fs::metadata(folder)?;
    if is_ours(&metadata) && metadata.gid() != group {
        chown(folder, None, Some(group))?;
    }
    restrict(folder, &metadata, (metadata.mode() & OWNER) | GROUP_PASSES)
}

/// Closes a folder and all that is in it to other users, as far as it is ours: an earlier version may have left it open.
pub fn close(folder: &Path) -> Result<()> {
    restrict(folder, &std::fs::symlink_metadata(folder)?, OWNER)?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            close(&entry.path())?;
        } else if kind.is_file() {
            let metadata = entry.metadata()?;
            restrict(&entry.path(), &metadata, metadata.mode() & OWNER)?;
        }
    }
    Ok(())
}

fn make_above(folder: &Path) -> Result<()> {
    if let Some(above) = folder.parent()
        && !above.as_os_str().is_empty()
        && !above.exists()
    {
        make_above(above)?;
    }
    match std::fs::create_dir(folder) {
        Ok(()) => std::fs::set_permissions(folder, Permissions::from_mode(ANYBODY_PASSES)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Sets the permissions of a folder that is ours; whose it is otherwise decides about it.
fn restrict(folder: &Path, metadata: &std::fs::Metadata, mode: u32) -> Result<()> {
    if is_ours(metadata) && metadata.mode() & 0o777 != mode {
        std::fs::set_permissions(folder, Permissions::from_mode(mode))?;
    }
    Ok(())
}

fn is_ours(metadata: &std::fs::Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(folder: &Path) -> u32 {
        std::fs::metadata(folder).unwrap().mode() & 0o777
    }

    #[test]
    fn what_an_earlier_version_left_open_is_closed() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("search");
        let inner = folder.join("1/index");
        std::fs::create_dir_all(&inner).unwrap();
        let (file, script) = (inner.join("meta.json"), inner.join("run"));
        for (path, mode) in [(&file, 0o644), (&script, 0o755)] {
            std::fs::write(path, "").unwrap();
            std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
        for path in [&folder, &inner] {
            std::fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        std::os::unix::fs::symlink(above.path(), inner.join("out")).unwrap();
        let outside = mode(above.path());
        close(&folder).unwrap();
        assert_eq!((mode(&folder), mode(&inner)), (0o700, 0o700));
        assert_eq!((mode(&file), mode(&script)), (0o600, 0o700));
        assert_eq!(mode(above.path()), outside, "what a link leads to is somebody else's");
    }

    #[test]
    fn it_is_closed_to_others_whether_new_or_not() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("srv/shop/data");
        make(&folder).unwrap();
        assert_eq!((mode(&folder), mode(folder.parent().unwrap())), (0o700, 0o755));
        std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        make(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700, "an earlier version left it open");
    }

    #[test]
    fn a_group_that_was_let_through_still_passes() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("data");
        make(&folder).unwrap();
        let_through(&folder, 54321).unwrap();
        make(&folder).unwrap();
        assert_eq!(
            (mode(&folder), std::fs::metadata(&folder).unwrap().gid()),
            (0o710, 54321)
        );
    }
}
