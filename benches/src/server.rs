//! The real binary as a child process, the way people run it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::http::{Answer, Connection};

const PASSWORD: &str = "a password for measuring";

/// A running `tillroll serve`, all roles in one process.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the first `/readyz` that says yes.
    pub(crate) ready_after: Duration,
    data: tempfile::TempDir,
    database_url: String,
}

/// The binary that was built together with this one.
pub(crate) fn binary() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("tillroll");
    ensure!(path.exists(), "{} is missing: cargo build --release", path.display());
    Ok(path)
}

impl Server {
    /// Starts on `database_url` and waits until it is ready.
    pub(crate) async fn start(database_url: &str) -> Result<Self> {
        // What is measured elsewhere is how fast everything is done, not what is refused.
        Self::start_with(database_url, &["--load-shedding", "off"]).await
    }

    /// The same with these flags.
    pub(crate) async fn start_with(database_url: &str, flags: &[&str]) -> Result<Self> {
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let data = tempfile::tempdir()?;
        let start = Instant::now();
        let child = Command::new(binary()?)
            .args([
                "serve",
                "--rate-limit",
                "off",
                // All clients are this machine.
                "--client-share",
                "100",
                "--max-connections-per-address",
                "4096",
                "--http-addr",
                &address.to_string(),
                "--data-dir",
            ])
            .arg(data.path())
            .args(flags)
            .env("DATABASE_URL", database_url)
            .env("RUST_LOG", "warn")
            .stdout(Stdio::null())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut server = Self {
            child,
            address,
            ready_after: Duration::ZERO,
            data,
            database_url: database_url.to_owned(),
        };
        while !server.is_ready().await {
            if let Some(status) = server.child.try_wait()? {
                bail!("tillroll serve ended: {status}");
            }
            ensure!(
                start.elapsed() < Duration::from_mins(1),
                "tillroll serve did not become ready"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.ready_after = start.elapsed();
        Ok(server)
    }

    async fn is_ready(&self) -> bool {
        match Connection::open(self.address).await {
            Ok(mut connection) => connection
                .send("GET", "/readyz", "", "")
                .await
                .is_ok_and(|answer| answer.status == 200),
            Err(_) => false,
        }
    }

    /// Another `tillroll` command on the same database; what it printed.
    pub(crate) async fn tillroll(&self, arguments: &[&str], input: &str) -> Result<String> {
        let mut child = Command::new(binary()?)
            .args(arguments)
            .arg("--data-dir")
            .arg(self.data.path())
            .env("DATABASE_URL", &self.database_url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "tillroll {}: {text}", arguments.join(" "));
        Ok(text)
    }

    /// Creates an administrator and answers with the header lines of its requests.
    pub(crate) async fn log_in(&self) -> Result<String> {
        self.tillroll(
            &[
                "user",
                "create",
                "--email",
                "bench@example.com",
                "--role",
                "admin",
                "--password-stdin",
            ],
            PASSWORD,
        )
        .await?;
        self.log_in_again().await
    }

    /// The same for an administrator that is there.
    pub(crate) async fn log_in_again(&self) -> Result<String> {
        let body = json!({"email": "bench@example.com", "password": PASSWORD}).to_string();
        let answer = Connection::open(self.address)
            .await?
            .send("POST", "/v1/auth/login", "", &body)
            .await?;
        let token = answer.json()?["access_token"]
            .as_str()
            .context("no access_token")?
            .to_owned();
        Ok(format!("Authorization: Bearer {token}\r\n"))
    }

    /// Creates `count` products with `quantity` of each on the shelf; their ids.
    pub(crate) async fn products(&self, login: &str, prefix: &str, count: u32, quantity: i64) -> Result<Vec<String>> {
        const WORKERS: u32 = 32;
        let mut tasks = Vec::new();
        for worker in 0..WORKERS {
            let (address, login, prefix) = (self.address, login.to_owned(), prefix.to_owned());
            tasks.push(tokio::spawn(async move {
                let mut connection = Connection::open(address).await?;
                let mut ids = Vec::new();
                for number in (worker..count).step_by(WORKERS as usize) {
                    let product = json!({"sku": format!("{prefix}-{number}"), "name": format!("Product {number}"),
                        "price": {"amount": 1250, "currency": "GBP"}, "category": "bench", "status": "active"});
                    let answer = connection
                        .send("POST", "/v1/products", &login, &product.to_string())
                        .await?;
                    let id = expect(201, &answer)?["id"].as_str().context("no id")?.to_owned();
                    let receipt = json!({"product_id": id, "quantity": quantity, "reason": "bench"});
                    let answer = connection
                        .send("POST", "/v1/stock/receive", &login, &receipt.to_string())
                        .await?;
                    ensure!(answer.status < 300, "receiving stock: {}", answer.json()?);
                    ids.push(id);
                }
                anyhow::Ok(ids)
            }));
        }
        let mut ids = Vec::new();
        for task in tasks {
            ids.extend(task.await??);
        }
        Ok(ids)
    }

    /// Resident memory of the process in MB.
    pub(crate) fn resident_mb(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().context("ended")?))?;
        let kilobytes: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok())
            .context("no VmRSS")?;
        Ok(kilobytes / 1024.0)
    }

    /// Asks it to stop, as a service manager would, and waits.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let id = self.child.id().context("ended")?;
        Command::new("kill").arg(id.to_string()).status().await?;
        tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await??;
        Ok(())
    }
}

/// The body of an answer with that status.
pub(crate) fn expect(status: u16, answer: &Answer) -> Result<Value> {
    ensure!(
        answer.status == status,
        "{} instead of {status}: {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    );
    answer.json()
}
