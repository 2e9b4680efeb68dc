//! A PostgreSQL cluster of a test's own, to be stopped at will.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

pub(crate) struct Cluster {
    folder: TempDir,
    binaries: PathBuf,
    port: u16,
    /// PostgreSQL refuses to run as root.
    root: bool,
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        let id = Command::new("id").arg("-u").output().await.unwrap();
        let cluster = Self {
            folder: tempfile::tempdir().unwrap(),
            binaries: binaries(),
            port: TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port(),
            root: id.stdout.trim_ascii() == b"0",
        };
        if cluster.root {
            run(Command::new("chown").arg("postgres").arg(cluster.folder.path())).await;
        }
        let options = [
            "-U",
            "tillroll",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ];
        run(cluster.command("initdb").args(options)).await;
        cluster.start_again().await;
        cluster
    }

    pub(crate) async fn start_again(&self) {
        let folder = self.folder.path().display();
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}",
            self.port
        );
        let log = self.folder.path().join("log");
        run(self
            .command("pg_ctl")
            .args(["-w", "-o", &options, "-l"])
            .arg(log)
            .arg("start"))
        .await;
    }

    /// As good as a power failure.
    pub(crate) async fn stop_immediately(&self) {
        run(self.command("pg_ctl").args(["-w", "-m", "immediate", "stop"])).await;
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://tillroll@127.0.0.1:{}/postgres", self.port)
    }

    fn command(&self, binary: &str) -> Command {
        let binary = self.binaries.join(binary);
        let mut command = if self.root {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(binary);
            command
        } else {
            Command::new(binary)
        };
        command
            .current_dir(self.folder.path())
            .arg("-D")
            .arg(self.folder.path().join("data"));
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        let _ = stop.as_std_mut().args(["-w", "-m", "immediate", "stop"]).output();
    }
}

/// The newest installed version's.
fn binaries() -> PathBuf {
    let versions = Path::new("/usr/lib/postgresql").read_dir().unwrap();
    let newest = versions
        .map(|version| version.unwrap().path())
        .max_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    newest.unwrap().join("bin")
}

async fn run(command: &mut Command) {
    // To files and not to pipes: the server inherits them and would keep these open.
    let status = command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .await
        .unwrap();
    assert!(status.success(), "{command:?}");
}
