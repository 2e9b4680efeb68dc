//! `tillroll serve` as a child process, its log in a file.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::support::until;

/// A running server; killed when the test forgets it.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    port: u16,
    _data: tempfile::TempDir,
}

impl Process {
    /// With these roles on a database.
    pub(crate) fn start(roles: &str, database_url: &str) -> Self {
        // No test speaks TLS, but the HTTP client is built for it as soon as something in the program wants that.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = tempfile::tempdir().unwrap();
        let log = data.path().join("log");
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = Command::new(env!("CARGO_BIN_EXE_tillroll"))
            .args([
                "serve",
                "--roles",
                roles,
                "--projector-lease",
                "1",
                "--rate-limit",
                "off",
                "--grpc-addr",
                "127.0.0.1:0",
                "--insecure-internal",
            ])
            .args([
                "--load-shedding",
                "off",
                "--http-addr",
                &format!("127.0.0.1:{port}"),
                "--data-dir",
            ])
            .arg(data.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("DATABASE_URL", database_url)
            .env("RUST_LOG", "info")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self {
            child,
            log,
            port,
            _data: data,
        }
    }

    /// As the system does when it runs out of memory: SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// How often the log has a line with this text.
    pub(crate) fn logged(&self, text: &str) -> usize {
        let log = std::fs::read_to_string(&self.log).unwrap();
        log.lines().filter(|line| line.contains(text)).count()
    }

    /// The value of a metric whose name and labels begin like this; 0 when there is none.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let Ok(answer) = reqwest::get(self.url("/metrics")).await else {
            return 0.0;
        };
        let text = answer.text().await.unwrap_or_default();
        let value = text.lines().find(|line| line.starts_with(name));
        value
            .and_then(|line| line.rsplit(' ').next()?.parse().ok())
            .unwrap_or_default()
    }

    pub(crate) async fn ready(&self) {
        until("the server is ready", async || {
            reqwest::get(self.url("/readyz"))
                .await
                .is_ok_and(|answer| answer.status() == 200)
        })
        .await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}
