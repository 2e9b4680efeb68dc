//! One server process: started by us, or found running.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::process::Child;

/// How often a process that is not our child is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What `postmaster.pid` says of a running server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) process: i32,
    pub(super) socket_folder: PathBuf,
    /// `starting`, `ready`, `stopping` or `standby`.
    pub(super) status: String,
}

impl Note {
    /// `None`: no server, or one that has only begun to write its file.
    pub(super) fn read(data: &Path) -> Option<Note> {
        Note::parse(&std::fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Note> {
        let lines: Vec<&str> = text.lines().collect();
        let process = lines.first()?.trim().parse().ok()?;
        let socket_folder = PathBuf::from(lines.get(4)?);
        let status = lines.get(7).map(|line| line.trim().to_owned()).unwrap_or_default();
        Some(Note {
            process,
            socket_folder,
            status,
        })
    }
}

/// A running server.
#[derive(Debug)]
pub(super) struct Postmaster {
    process: Pid,
    child: Option<Child>,
    data: PathBuf,
    socket_folder: PathBuf,
}

impl Postmaster {
    /// `None` when the program has ended already.
    pub(super) fn of_child(child: Child, data: PathBuf, socket_folder: PathBuf) -> Option<Postmaster> {
        let process = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw)?;
        Some(Postmaster {
            process,
            child: Some(child),
            data,
            socket_folder,
        })
    }

    /// The server that runs on the data already.
    pub(super) fn running(data: &Path) -> Option<Postmaster> {
        let note = Note::read(data)?;
        let process = Pid::from_raw(note.process)?;
        let found = Postmaster {
            process,
            child: None,
            data: data.to_owned(),
            socket_folder: note.socket_folder,
        };
        found.is_alive().then_some(found)
    }

    pub(super) fn socket_folder(&self) -> &Path {
        &self.socket_folder
    }

    /// Lets it run on without us; dropping it would end it.
    pub(super) fn leave(self) {
        std::mem::forget(self.child);
    }

    pub(super) fn signal(&self, signal: Signal) {
        // It may be gone already, which is what a signal is to bring about.
        let _ = kill_process(self.process, signal);
    }

    /// A process id may be another process's by now, above all in a container that was started anew: a server works
    /// in its data folder.
    fn is_alive(&self) -> bool {
        match std::fs::read_link(format!("/proc/{}/cwd", self.process.as_raw_nonzero())) {
            Ok(folder) => folder == self.data,
            Err(_) if Path::new("/proc/self/cwd").exists() => false,
            Err(_) => test_kill_process(self.process).is_ok(),
        }
    }

    /// Returns how the server ended, once it has.
    pub(super) async fn ended(&mut self) -> String {
        if let Some(child) = &mut self.child {
            match child.wait().await {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            }
        } else {
            while self.is_alive() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            "ended".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Note, Postmaster};

    #[test]
    fn the_note_is_read() {
        let text = "4711\n/data\n1700000000\n5432\n/data/run\n\n  1234   0\nready   \n";
        let note = Note::parse(text).unwrap();
        assert_eq!(
            note,
            Note {
                process: 4711,
                socket_folder: PathBuf::from("/data/run"),
                status: "ready".into()
            }
        );
        assert_eq!(Note::parse("4711\n/data\n"), None);
    }

    #[test]
    fn another_process_under_the_old_number_is_no_server() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "{}\n/data\n1700000000\n5432\n/data/run\n\n  1234   0\nready   \n",
            std::process::id()
        );
        std::fs::write(folder.path().join("postmaster.pid"), text).unwrap();
        assert!(Postmaster::running(folder.path()).is_none());
        assert!(Postmaster::running(Path::new("/nonexistent")).is_none());
    }
}
