//! `PgBouncer` between Tillroll and PostgreSQL: it works, or the start says what to change.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

use app::{Config, System};
use sqlx::PgPool;

/// A pooler in front of a test's database.
struct Pooler {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Pooler {
    /// None where `PgBouncer` is not installed.
    async fn start(pool: &PgPool, settings: &str) -> Option<Pooler> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let options = pool.connect_options();
        let file = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\nshop = host={} port={} dbname={} user={}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n{settings}\n",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap(),
            options.get_username()
        );
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new("pgbouncer");
        if rustix::process::geteuid().is_root() {
            command.args(["-u", "nobody"]);
        }
        let started = command
            .arg(&file)
            .env("PATH", "/usr/sbin:/usr/bin:/bin")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = started else {
            eprintln!("SKIPPED: PgBouncer is not installed, so that no pooler was between in this test");
            return None;
        };
        let pooler = Pooler { child, port, folder };
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(tokio::time::Instant::now() < deadline, "PgBouncer does not listen");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        Some(pooler)
    }

    async fn system(&self) -> anyhow::Result<System> {
        // No test speaks TLS, but the HTTP client is built for it as soon as something in the program wants that.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let pairs = [
            (
                "database-url",
                format!("postgres://somebody@127.0.0.1:{}/shop", self.port),
            ),
            ("data-dir", self.folder.path().join("data").display().to_string()),
            ("http-addr", "127.0.0.1:0".to_owned()),
        ];
        System::start(&Config::from_pairs(pairs).unwrap()).await
    }

    /// Why the system does not start.
    async fn refusal(&self) -> String {
        match self.system().await {
            Ok(system) => {
                system.shutdown().await.unwrap();
                String::new()
            }
            Err(error) => format!("{error:#}"),
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn one_that_leaves_sessions_alone_works(pool: PgPool) {
    let Some(pooler) = Pooler::start(&pool, "pool_mode = session\ndefault_pool_size = 120").await else {
        return;
    };
    let system = pooler.system().await.unwrap();
    let address = system.http_addr().unwrap();
    for path in ["/readyz", "/v1/products"] {
        let answer = reqwest::get(format!("http://{address}{path}")).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    system.shutdown().await.unwrap();
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn one_that_shares_sessions_is_refused(pool: PgPool) {
    for more in ["", "ignore_startup_parameters = options,extra_float_digits"] {
        let settings = format!("pool_mode = transaction\ndefault_pool_size = 120\n{more}");
        let Some(pooler) = Pooler::start(&pool, &settings).await else {
            return;
        };
        let refusal = pooler.refusal().await;
        assert!(refusal.contains("set pool_mode = session"), "{refusal}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn one_with_too_few_sessions_is_refused(pool: PgPool) {
    let Some(pooler) = Pooler::start(&pool, "pool_mode = session\ndefault_pool_size = 20").await else {
        return;
    };
    let refusal = pooler.refusal().await;
    assert!(refusal.contains("raise default_pool_size"), "{refusal}");
}
