//! A data folder for a test, and a look at what runs in it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Long enough for a slow machine; only a failing test waits for it.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// A folder that goes with the test, open to the unprivileged account that PostgreSQL runs as under root.
pub(crate) struct Folder {
    root: tempfile::TempDir,
}

impl Folder {
    pub(crate) fn new() -> Folder {
        let root = tempfile::Builder::new()
            .prefix("tillroll-test-")
            .tempdir_in("/tmp")
            .expect("a folder");
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o755)).expect("permissions");
        Folder { root }
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// The processes that work in the folder: PostgreSQL's.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let root = self.root.path().canonicalize().expect("a path");
        let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
        entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|process: &i32| {
                std::fs::read_link(format!("/proc/{process}/cwd")).is_ok_and(|folder| folder.starts_with(&root))
            })
            .collect()
    }

    pub(crate) fn assert_nothing_runs(&self) {
        let processes = self.processes();
        assert!(processes.is_empty(), "left running: {processes:?}");
    }

    /// The number of PostgreSQL's first process.
    pub(crate) fn postmaster(&self) -> Option<i32> {
        let text = std::fs::read_to_string(self.data().join("postgres/data/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }
}

impl Drop for Folder {
    /// Whatever a failing test left running must not outlive it.
    fn drop(&mut self) {
        for process in self.processes() {
            if let Some(process) = rustix::process::Pid::from_raw(process) {
                let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
            }
        }
    }
}
