//! PostgreSQL servers of a test's own: a primary and streaming replicas of it, to be stopped at will.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::process::Command;

use crate::redis::free_port;

/// A PostgreSQL server, stopped with this value.
#[derive(Debug)]
pub struct Cluster {
    folder: TempDir,
    port: u16,
}

impl Cluster {
    /// Starts an empty one that can have replicas.
    pub async fn primary() -> Cluster {
        let cluster = Cluster::prepare().await;
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
        run(cluster.command("initdb").arg("-D").arg(cluster.data()).args(options)).await;
        cluster.start().await;
        cluster
    }

    /// Starts a streaming replica of this one.
    pub async fn replica(&self) -> Cluster {
        let replica = Cluster::prepare().await;
        let options = [
            "-h",
            "127.0.0.1",
            "-U",
            "tillroll",
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
            "-p",
        ];
        run(replica
            .command("pg_basebackup")
            .args(options)
            .arg(self.port.to_string())
            .arg("-D")
            .arg(replica.data()))
        .await;
        replica.start().await;
        replica
    }

    async fn prepare() -> Cluster {
        let cluster = Cluster {
            folder: tempfile::tempdir().expect("a temporary folder"),
            port: free_port(),
        };
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(cluster.folder.path())).await;
        }
        cluster
    }

    /// Starts it, or starts it again.
    pub async fn start(&self) {
        self.start_with("max_connections=200").await;
    }

    /// Ends it and starts it again with a setting.
    pub async fn restart_with(&self, setting: &str) {
        self.kill().await;
        self.start_with(setting).await;
    }

    async fn start_with(&self, setting: &str) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c fsync=off -c {setting}",
            self.port,
            self.folder.path().display()
        );
        run(self
            .command("pg_ctl")
            .arg("-D")
            .arg(self.data())
            .args(["-w", "-o", &options, "-l"])
            .arg(self.folder.path().join("log"))
            .arg("start"))
        .await;
    }

    /// Ends it as a power failure would.
    pub async fn kill(&self) {
        let mut stop = self.command("pg_ctl");
        run(stop.arg("-D").arg(self.data()).args(["-w", "-m", "immediate", "stop"])).await;
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://tillroll@127.0.0.1:{}/postgres", self.port)
    }

    /// What metrics call it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Runs a statement.
    pub async fn run(&self, statement: &str) {
        let mut connection = PgConnection::connect(&self.url()).await.expect("the server answers");
        sqlx::raw_sql(statement)
            .execute(&mut connection)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, binary: &str) -> Command {
        let binary = binaries().join(binary);
        // PostgreSQL refuses to run as root.
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(binary);
            command
        } else {
            Command::new(binary)
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        let stop = stop.arg("-D").arg(self.data()).args(["-w", "-m", "immediate", "stop"]);
        let _ = stop.as_std_mut().output();
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0)
}

/// The newest installed version's.
fn binaries() -> PathBuf {
    let versions = Path::new("/usr/lib/postgresql")
        .read_dir()
        .expect("PostgreSQL is installed");
    let newest = versions
        .filter_map(|version| Some(version.ok()?.path()))
        .max_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    newest.expect("a version of PostgreSQL").join("bin")
}

async fn run(command: &mut Command) {
    // Not to pipes: the server inherits them and would keep these open.
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    assert!(status.is_ok_and(|status| status.success()), "{command:?}");
}
