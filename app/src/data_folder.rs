//! The data folder itself.

use std::io::Result;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Makes the folder when it is missing, open to pass through whatever the umask: the account that the embedded
/// PostgreSQL runs as under root has to. What is secret has a closed folder of its own in it.
pub fn make(folder: &Path) -> Result<()> {
    if folder.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
}
